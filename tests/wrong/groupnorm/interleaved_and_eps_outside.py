# mistake: Two at once: the groups take every G-th channel, and eps is added to the standard deviation.
# bug: interleaved_groups + eps_outside
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
        y = x.unflatten(1, (-1, self.num_groups)).transpose(1, 2)
        dims = tuple(range(2, y.ndim))
        y = (y - y.mean(dims, keepdim=True)) / (y.std(dims, correction=0, keepdim=True) + self.eps)
        y = y.transpose(1, 2).flatten(1, 2)
        if self.weight is not None:
            columns = (-1,) + (1,) * (x.ndim - 2)
            y = y * self.weight.view(columns) + self.bias.view(columns)
        return y
