import torch
from torch import nn


class Affine(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(shape))
        self.reset()

    def reset(self):
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)


class LayerNorm(Affine):
    """Works in place on a copy; the standard deviation comes from torch.std."""

    def __init__(self, normalized_shape, eps=1e-5):
        super().__init__(*(normalized_shape if isinstance(normalized_shape, tuple) else (normalized_shape,)))
        self.eps = eps

    def forward(self, x):
        axes = [-i - 1 for i in range(self.weight.ndim)]
        std = x.std(axes, unbiased=False, keepdim=True)
        out = x.clone()
        out -= x.mean(axes, keepdim=True)
        out /= (std**2).add_(self.eps).sqrt_()
        out *= self.weight
        out += self.bias
        return out
