# mistake: The table is a parameter, if a frozen one, instead of a buffer.
# bug: parameter
# line: 19
import torch
from torch import nn


def sinusoidal(positions, d_model):
    even = torch.arange(0, d_model, 2, dtype=positions.dtype, device=positions.device)
    angle = positions[..., None] * 10000.0 ** (-even / d_model)
    out = torch.cat([angle.sin()[..., None], angle.cos()[..., None]], dim=-1)
    return out.flatten(-2)[..., :d_model]


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, max_len: int = 5000):
        super().__init__()
        pe = sinusoidal(torch.arange(max_len, dtype=torch.float32), d_model)
        self.pe = nn.Parameter(pe, requires_grad=False)

    def forward(self, x, start=0):
        seq_len = x.shape[-2]
        positions = torch.arange(start, start + seq_len, device=x.device)
        return x + self.pe[positions]
