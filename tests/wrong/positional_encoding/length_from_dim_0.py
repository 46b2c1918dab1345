# mistake: The number of tokens is read from dimension 0.
# line: 21
# bug: dimension_one
import torch
from torch import nn


def sinusoidal(positions, d_model):
    i = torch.arange(d_model, device=positions.device)
    even = (i - i % 2).to(positions.dtype)
    angles = positions.unsqueeze(-1) / 10000.0 ** (even / d_model)
    return torch.where(i % 2 == 0, angles.sin(), angles.cos())


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        self.register_buffer("pe", sinusoidal(torch.arange(max_len, dtype=torch.float32), d_model))

    def forward(self, x, start=0):
        return x + self.pe[start : start + x.size(0)]
