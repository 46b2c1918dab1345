# mistake: The layer expects (T, B, D): it counts positions along the first dimension.
# bug: position_of_sequence
# line: 28, 29
import math

import torch
from torch import nn


def sinusoidal(positions, d_model):
    div_term = torch.exp(
        torch.arange(0, d_model, 2, dtype=positions.dtype, device=positions.device)
        * -(math.log(10000.0) / d_model)
    )
    enc = torch.zeros(positions.shape + (d_model,), dtype=positions.dtype, device=positions.device)
    enc[..., 0::2] = torch.sin(positions.unsqueeze(-1) * div_term)
    enc[..., 1::2] = torch.cos(positions.unsqueeze(-1) * div_term)[..., : d_model // 2]
    return enc


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        pe = sinusoidal(torch.arange(0, max_len, dtype=torch.float), d_model)
        self.register_buffer("pe", pe)

    def forward(self, x, start=0):
        rows = self.pe[start : start + x.size(0)]
        return x + rows.unsqueeze(1)
