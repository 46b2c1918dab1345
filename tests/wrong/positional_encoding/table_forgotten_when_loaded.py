# mistake: forward computes the encoding afresh and never reads pe, so a loaded table has no effect.
# line: 23, 24
# bug: pe_not_read
import torch
from torch import nn


def sinusoidal(positions, d_model):
    even = torch.arange(0, d_model, 2, dtype=positions.dtype, device=positions.device)
    angles = positions.unsqueeze(-1) * torch.pow(10000.0, -even / d_model)
    waves = torch.stack([torch.sin(angles), torch.cos(angles)], dim=-1)
    return waves.flatten(-2)[..., :d_model]


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        self.d_model = d_model
        self.register_buffer("pe", sinusoidal(torch.arange(max_len, dtype=torch.float32), d_model))

    def forward(self, x, start=0):
        here = torch.arange(x.shape[-2], dtype=x.dtype, device=x.device)
        here = here + start
        rows = sinusoidal(here, self.d_model)
        return x + rows
