# mistake: The mean is that of the group, the variance that of each channel around it.
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
        y = y - y.mean((2, 3), keepdim=True)
        y = y / (y.square().mean(3, keepdim=True) + self.eps).sqrt()
        y = y.reshape(x.shape)
        if self.affine:
            tail = (1, self.c, *[1] * (x.dim() - 2))
            y = y * self.weight.view(tail) + self.bias.view(tail)
        return y
