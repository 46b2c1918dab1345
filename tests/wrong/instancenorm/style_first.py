# mistake: The two pictures have changed places.
# bug: content_style_swapped
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
    painted, drawn = content.flatten(2), style.flatten(2)
    mean, std = mean_std(drawn, eps)
    new_mean, new_std = mean_std(painted, eps)
    return ((drawn - mean) / std * new_std + new_mean).view(style.shape)
