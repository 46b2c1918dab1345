"""Layer normalisation (Ba, Kiros & Hinton, 2016).

With D features x to a token:

    μ  = 1/D Σᵢ xᵢ
    σ² = 1/D Σᵢ (xᵢ − μ)²
    x̂  = (x − μ) / √(σ² + ε)
    y  = γ ⊙ x̂ + β
"""

import torch
from torch import Tensor, nn


class LayerNorm(nn.Module):
    def __init__(self, normalized_shape: int | tuple[int, ...], eps: float = 1e-5):
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.dims = tuple(range(-len(shape), 0))  # (-1,) for D, (-2, -1) for (M, N)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(shape))  # γ
        self.bias = nn.Parameter(torch.zeros(shape))  # β

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(self.dims, keepdim=True)  # (..., 1)
        centred = x - mean  # (..., D)
        var = centred.square().mean(self.dims, keepdim=True)  # (..., 1)
        std = torch.sqrt(var + self.eps)
        normed = centred / std  # x̂
        scaled = self.weight * normed
        return scaled + self.bias
