# mistake: Weight and bias are viewed as (C, 1, 1) once, when the layer is made.
import torch
from torch import nn


class GroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__()
        if num_channels % num_groups:
            raise ValueError("not divisible")
        self.g, self.eps = num_groups, eps
        self.weight = nn.Parameter(torch.ones(num_channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_channels)) if affine else None
        self.affine = lambda y: y
        if affine:
            weight, bias = self.weight, self.bias
            self.affine = lambda y: (y.transpose(1, -1) * weight + bias).transpose(1, -1)

    def forward(self, x):
        y = x.reshape(x.shape[0], self.g, -1)
        y = y - y.mean(2, keepdim=True)
        y = y / (y.pow(2).mean(2, keepdim=True) + self.eps).sqrt()
        return self.affine(y.reshape(x.shape))
