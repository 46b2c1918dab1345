"""Sinusoidal positional encoding (Vaswani et al., 2017).

For position p, pair i and D dimensions:

    PE(p, 2i)   = sin(p / 10000^(2i/D))
    PE(p, 2i+1) = cos(p / 10000^(2i/D))
"""

import torch
from torch import Tensor, nn


def sinusoidal(positions: Tensor, d_model: int) -> Tensor:
    even = torch.arange(0, d_model, 2, dtype=positions.dtype, device=positions.device)  # 2i
    scales = 10000.0 ** (even / d_model)  # (⌈D/2⌉,), one a pair
    angles = positions[..., None] / scales  # (…, ⌈D/2⌉)
    sines = angles.sin()
    cosines = angles.cos()
    pairs = torch.stack([sines, cosines], dim=-1)  # (…, ⌈D/2⌉, 2)
    encoding = pairs.flatten(start_dim=-2)  # sin, cos, sin, cos, …
    return encoding[..., :d_model]  # an odd D has no room for the last cosine


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, max_len: int = 5000):
        super().__init__()
        positions = torch.arange(max_len, dtype=torch.float32)  # 0 … max_len − 1
        self.register_buffer("pe", sinusoidal(positions, d_model))  # (max_len, D)

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        stop = start + x.shape[-2]
        rows = self.pe[start:stop]  # (T, D)
        return x + rows
