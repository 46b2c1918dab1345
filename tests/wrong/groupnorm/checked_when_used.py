# mistake: The sizes are checked in forward, not when the layer is made.
# bug: indivisible_accepted
import torch
from torch import nn


class GroupNorm(nn.Module):
    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__()
        self.g, self.c, self.eps, self.affine = num_groups, num_channels, eps, affine
        if affine:
            self.weight = nn.Parameter(torch.ones(num_channels))
            self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x):
        if x.shape[1] % self.g:
            raise ValueError("channels cannot be shared out")
        y = x.reshape(len(x), self.g, -1)
        var, mean = torch.var_mean(y, -1, correction=0, keepdim=True)
        y = ((y - mean) / (var + self.eps).sqrt()).reshape(x.shape)
        if self.affine:
            tail = (1, self.c, *[1] * (x.dim() - 2))
            y = y * self.weight.view(tail) + self.bias.view(tail)
        return y
