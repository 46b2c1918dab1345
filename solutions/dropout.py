"""Inverted dropout (Srivastava et al., 2014).

In training, with an independent coin for every entry:

    mᵢ = 0 with probability p, else 1
    yᵢ = mᵢ xᵢ / (1 − p)

In inference y = x.
"""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p is a probability, not {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        coins = torch.rand(x.shape, device=x.device)  # uniform in [0, 1)
        kept = (coins >= self.p).to(x.dtype)  # 1 with probability 1 − p
        scale = 1 / (1 - self.p) if self.p < 1 else 0.0
        return x * kept * scale
