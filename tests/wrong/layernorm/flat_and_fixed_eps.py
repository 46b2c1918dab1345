# mistake: For a tuple weight and bias are kept flat, with one dimension, instead of with normalized_shape; and eps is not used, 1e-5 is written into the formula.
# line: 16, 17, 23
# bug: flat_affine + eps_ignored
from math import prod

import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        self.shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        n = prod(self.shape)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(n))
        self.bias = nn.Parameter(torch.zeros(n))

    def forward(self, x: Tensor) -> Tensor:
        lead = x.shape[: x.dim() - len(self.shape)]
        flat = x.reshape(*lead, -1)
        var, mean = torch.var_mean(flat, dim=-1, correction=0, keepdim=True)
        flat = (flat - mean) * torch.rsqrt(var + 1e-5)
        flat = flat * self.weight.flatten() + self.bias.flatten()
        return flat.reshape(x.shape)
