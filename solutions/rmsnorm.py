"""Root mean square layer normalisation (Zhang & Sennrich, 2019).

With D features x to a token:

    rms(x) = √(1/D Σᵢ xᵢ² + ε)
    y      = γ ⊙ x / rms(x)
"""

import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))  # γ

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))  # float64 stays float64
        mean_square = wide.square().mean(-1, keepdim=True)  # (..., 1)
        rms = torch.sqrt(mean_square + self.eps)
        normed = wide / rms  # (..., D)
        return self.weight * normed.to(x.dtype)
