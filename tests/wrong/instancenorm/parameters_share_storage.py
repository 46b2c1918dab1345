# mistake: The layer keeps one pair of parameters for all layers of one size.
import torch
from torch import nn


def mean_std(x, eps):
    dims = tuple(range(2, x.dim()))
    centre = x.mean(dims, keepdim=True)
    return centre, ((x - centre).square().mean(dims, keepdim=True) + eps).sqrt()


POOL = {}


class InstanceNorm(nn.Module):
    def __init__(self, num_features, eps=1e-5, affine=False):
        super().__init__()
        self.eps = eps
        self.weight = self.bias = None
        if affine:
            if num_features not in POOL:
                POOL[num_features] = (
                    nn.Parameter(torch.ones(num_features)),
                    nn.Parameter(torch.zeros(num_features)),
                )
            self.weight, self.bias = POOL[num_features]

    def forward(self, x):
        mean, std = mean_std(x, self.eps)
        y = (x - mean) / std
        if self.weight is not None:
            y = (y.transpose(1, -1) * self.weight + self.bias).transpose(1, -1)
        return y


def adain(content, style, eps=1e-5):
    mean, std = mean_std(content.flatten(2), eps)
    new_mean, new_std = mean_std(style.flatten(2), eps)
    return ((content.flatten(2) - mean) / std * new_std + new_mean).view(content.shape)
