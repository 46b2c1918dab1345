# mistake: eps=0 is taken for a missing argument and replaced by 1e-5.
# line: 13
import math

import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.eps = eps or 1e-5
        self.weight = nn.Parameter(torch.ones(self.normalized_shape))
        self.bias = nn.Parameter(torch.zeros(self.normalized_shape))

    def forward(self, x: Tensor) -> Tensor:
        flat = x.reshape(-1, math.prod(self.normalized_shape))
        mu = flat.mean(1, keepdim=True)
        sigma2 = ((flat - mu) ** 2).mean(1, keepdim=True)
        flat = (flat - mu) / (sigma2 + self.eps) ** 0.5
        return flat.reshape(x.shape) * self.weight + self.bias
