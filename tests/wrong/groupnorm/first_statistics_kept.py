# mistake: In eval mode the statistics of the first input of a shape serve for all later ones.
import torch
from torch import nn


class GroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__()
        if num_channels % num_groups:
            raise ValueError("not divisible")
        self.g, self.c, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.seen = {}
        if affine:
            self.weight = nn.Parameter(torch.ones(num_channels))
            self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x):
        y = x.reshape(len(x), self.g, -1)
        if self.training or x.shape not in self.seen:
            var, mean = torch.var_mean(y, -1, correction=0, keepdim=True)
            if not self.training:
                self.seen[x.shape] = var, mean
        else:
            var, mean = self.seen[x.shape]
        y = ((y - mean) / (var + self.eps).sqrt()).reshape(x.shape)
        if self.affine:
            tail = (1, self.c, *[1] * (x.dim() - 2))
            y = y * self.weight.view(tail) + self.bias.view(tail)
        return y
