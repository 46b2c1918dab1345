# mistake: The statistics keep the positions of the style, so pictures of different sizes fail.
# bug: same_sizes_assumed
import torch
from torch import nn


def mean_std(x, eps):
    dims = tuple(range(2, x.dim()))
    centre = x.mean(dims, keepdim=True)
    return centre, ((x - centre).square().mean(dims, keepdim=True) + eps).sqrt()


class InstanceNorm(nn.Module):
    def __init__(self, num_features, eps=1e-5, affine=False):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_features)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_features)) if affine else None

    def forward(self, x):
        mean, std = mean_std(x, self.eps)
        y = (x - mean) / std
        if self.weight is not None:
            y = (y.transpose(1, -1) * self.weight + self.bias).transpose(1, -1)
        return y


def adain(content, style, eps=1e-5):
    mean, std = mean_std(content, eps)
    new_mean, new_std = mean_std(style, eps)
    return ((content - mean) / std * new_std.expand_as(style) + new_mean.expand_as(style)).view(content.shape)
