# mistake: The buffer has a batch dimension of size 1, as in many tutorials.
# bug: extra_dimension
# line: 24
import math

import torch
from torch import nn


def sinusoidal(positions, d_model):
    i = torch.arange((d_model + 1) // 2).to(positions)
    theta = positions[..., None] * torch.exp(-2 * i / d_model * math.log(10000.0))
    out = positions.new_zeros(*positions.shape, d_model)
    out[..., ::2] = theta.sin()
    out[..., 1::2] = theta.cos()[..., : d_model // 2]
    return out


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        position = torch.arange(max_len, dtype=torch.float32)
        pe = sinusoidal(position, d_model)
        self.register_buffer("pe", pe.unsqueeze(0))

    def forward(self, x, start=0):
        end = start + x.size(-2)
        return x + self.pe[0, start:end]
