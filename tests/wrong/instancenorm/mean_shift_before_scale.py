# mistake: Two at once: the mean of the style is scaled by its deviation, and the deviation of the style has no eps.
# bug: style_mean_scaled + style_without_eps
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
    mean, std = mean_std(content.flatten(2), eps)
    new_mean, new_std = (
        style.flatten(2).mean(2, keepdim=True),
        style.flatten(2).std(2, correction=0, keepdim=True),
    )
    return (((content.flatten(2) - mean) / std + new_mean) * new_std).view(content.shape)
