import torch
from torch import nn


def mean_std(x, eps):
    dims = list(range(2, x.dim()))
    var, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
    return mean, (var + eps).sqrt()


class InstanceNorm(nn.Module):
    """Statistics over the dimensions from 2 on, kept as ones."""

    def __init__(self, num_features, eps=1e-5, affine=False):
        super().__init__()
        self.num_features, self.eps, self.affine = num_features, eps, affine
        if affine:
            self.weight = nn.Parameter(torch.ones(num_features))
            self.bias = nn.Parameter(torch.zeros(num_features))

    def forward(self, x):
        mean, std = mean_std(x, self.eps)
        x = (x - mean) / std
        if self.affine:
            shape = (1, self.num_features) + (1,) * (x.dim() - 2)
            x = x * self.weight.view(shape) + self.bias.view(shape)
        return x


def adain(content, style, eps=1e-5):
    mean, std = mean_std(content, eps)
    style_mean, style_std = mean_std(style, eps)
    ones = content.shape[:2] + (1,) * (content.dim() - 2)
    return style_std.reshape(ones) * (content - mean) / std + style_mean.reshape(ones)
