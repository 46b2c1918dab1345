# mistake: The data of weight and bias are used, so neither gets a gradient.
import torch
from torch import Tensor, nn


class GroupNorm(nn.Module):
    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True):
        super().__init__()
        if num_channels % num_groups:
            raise ValueError("channels and groups do not fit")
        self.num_groups, self.eps = num_groups, eps
        self.weight = nn.Parameter(torch.ones(num_channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_channels)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        y = x.flatten(1).unflatten(1, (self.num_groups, -1))
        y = y - y.mean(2, keepdim=True)
        y = (y * (y.square().mean(2, keepdim=True) + self.eps).rsqrt()).view(x.shape)
        if self.weight is not None:
            columns = (-1,) + (1,) * (x.ndim - 2)
            y = y * self.weight.data.view(columns) + self.bias.data.view(columns)
        return y
