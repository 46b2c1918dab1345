# mistake: Weight and bias hold one number a group, and the variance is at least eps instead of grown by it.
import torch
from torch import Tensor, nn


class GroupNorm(nn.Module):
    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True):
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError("num_channels must be a multiple of num_groups")
        self.num_groups = num_groups
        self.eps = eps
        self.affine = affine
        if affine:
            self.weight = nn.Parameter(torch.ones(num_groups))
            self.bias = nn.Parameter(torch.zeros(num_groups))

    def forward(self, x: Tensor) -> Tensor:
        groups = x.reshape(x.shape[0], self.num_groups, -1)
        mean = groups.mean(dim=-1, keepdim=True)
        var = groups.var(dim=-1, unbiased=False, keepdim=True)
        y = ((groups - mean) / torch.sqrt(var.clamp(min=self.eps))).reshape(x.shape)
        if self.affine:
            y = (y.reshape(groups.shape) * self.weight[:, None] + self.bias[:, None]).reshape(x.shape)
        return y
