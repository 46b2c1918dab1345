# mistake: The weight and the bias are those of the first C/G channels, repeated for every group.
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
        y = x.reshape(len(x), self.g, self.c // self.g, -1)
        var, mean = torch.var_mean(y, (2, 3), correction=0, keepdim=True)
        y = (y - mean) / (var + self.eps).sqrt()
        if self.affine:
            size = self.c // self.g
            y = y * self.weight[:size, None] + self.bias[:size, None]
        return y.reshape(x.shape)
