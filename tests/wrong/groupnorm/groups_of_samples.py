# mistake: The reshape has the samples and groups in one, and the batch is left in the statistics.
# bug: across_batch
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
        groups = x.transpose(0, 1).reshape(self.g, -1)
        var, mean = torch.var_mean(groups, 1, correction=0, keepdim=True)
        y = ((groups - mean) / (var + self.eps).sqrt()).reshape(x.transpose(0, 1).shape).transpose(0, 1)
        if self.affine:
            tail = (1, self.c, *[1] * (x.dim() - 2))
            y = y * self.weight.view(tail) + self.bias.view(tail)
        return y
