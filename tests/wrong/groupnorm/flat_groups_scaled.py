# mistake: The parameters are viewed as (G, C/G, 1) and combined with groups of shape (N, G, n), where n is not C/G.
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
        y = y * (y.square().mean(2, keepdim=True) + self.eps).rsqrt()
        if self.weight is not None:
            times = y.shape[2] * self.num_groups // self.weight.numel()
            y = y * self.weight.repeat(times).view(self.num_groups, -1) + self.bias.repeat(times).view(
                self.num_groups, -1
            )
        return y.view(x.shape)
