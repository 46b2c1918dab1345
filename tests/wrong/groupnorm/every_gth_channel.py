# mistake: The groups are made of every G-th channel instead of neighbours.
# bug: interleaved_groups
import torch
from torch import nn


class GroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__()
        if num_channels % num_groups:
            raise ValueError("not divisible")
        self.g, self.c, self.eps, self.affine = num_groups, num_channels, eps, affine
        if affine:
            self.weight = nn.Parameter(torch.ones(num_channels))
            self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x):
        y = torch.empty_like(x)
        for g in range(self.g):
            part = x[:, g :: self.g]
            axes = tuple(range(1, x.dim()))
            var, mean = torch.var_mean(part, axes, correction=0, keepdim=True)
            y[:, g :: self.g] = (part - mean) / torch.sqrt(var + self.eps)
        if self.affine:
            tail = (1, self.c, *[1] * (x.dim() - 2))
            y = y * self.weight.view(tail) + self.bias.view(tail)
        return y
