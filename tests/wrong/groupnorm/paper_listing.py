# mistake: As in the listing for images: N, C, H, W are unpacked, so that only four dimensions work.
# bug: images_only
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
        N, C, H, W = x.shape
        y = x.reshape(N, self.g, C // self.g, H, W)
        mean = y.mean((2, 3, 4), keepdim=True)
        var = y.var((2, 3, 4), correction=0, keepdim=True)
        y = ((y - mean) / torch.sqrt(var + self.eps)).reshape(N, C, H, W)
        if self.affine:
            tail = (1, self.c, *[1] * (x.dim() - 2))
            y = y * self.weight.view(tail) + self.bias.view(tail)
        return y
