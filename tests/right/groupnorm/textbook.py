import torch
from torch import nn


class GroupNorm(nn.Module):
    """As in the paper's listing, for any number of dimensions; statistics from var_mean."""

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__()
        if num_channels % num_groups:
            raise ValueError("num_channels must be divisible by num_groups")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        if affine:
            self.weight = nn.Parameter(torch.ones(num_channels))
            self.bias = nn.Parameter(torch.zeros(num_channels))
        else:
            self.register_parameter("weight", None)
            self.register_parameter("bias", None)

    def forward(self, x):
        n, c = x.shape[:2]
        y = x.contiguous().view(n, self.num_groups, c // self.num_groups, *x.shape[2:])
        axes = tuple(range(2, y.dim()))
        var, mean = torch.var_mean(y, axes, unbiased=False, keepdim=True)
        y = ((y - mean) * torch.rsqrt(var + self.eps)).view(x.shape)
        if self.affine:
            shape = [1, c] + [1] * (x.dim() - 2)
            y = y * self.weight.view(shape) + self.bias.view(shape)
        return y
