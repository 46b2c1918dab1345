import math

import torch
from torch import nn


def sinusoidal(positions, d_model):
    """cos θ = sin(θ + π/2): one sine for all dimensions, with a phase."""
    j = torch.arange(d_model, device=positions.device)
    even = (j - j % 2).to(positions)
    phase = (j % 2).to(positions) * (math.pi / 2)
    return torch.sin(positions[..., None] * torch.pow(10000.0, -even / d_model) + phase)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        self.register_buffer("pe", torch.empty(max_len, d_model))
        for p in range(max_len):
            self.pe[p] = sinusoidal(torch.tensor(float(p)), d_model)

    def forward(self, x, start=0):
        rows = self.pe.narrow(0, start, x.shape[-2])
        return x + rows.expand(*x.shape[:-2], *rows.shape)
