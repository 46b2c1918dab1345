# mistake: Positions are taken as distances: the absolute value is encoded, so negative positions mirror positive ones.
# line: 10
import torch
from torch import nn


def sinusoidal(positions, d_model):
    even = torch.arange(0, d_model, 2, dtype=positions.dtype, device=positions.device)
    scale = 10000.0 ** (even / d_model)
    angles = positions.abs()[..., None] / scale
    out = torch.stack((angles.sin(), angles.cos()), dim=-1)
    return out.reshape(*positions.shape, 2 * len(even))[..., :d_model]


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        self.register_buffer("pe", sinusoidal(torch.arange(max_len).to(torch.float32), d_model))

    def forward(self, x, start=0):
        return x + self.pe[start : start + x.shape[-2]]
