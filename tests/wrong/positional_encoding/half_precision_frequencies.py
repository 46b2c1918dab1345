# mistake: The frequencies come from an integer arange and are float32; the angles are converted too late.
# bug: digits_lost
# line: 11
import math

import torch
from torch import nn


def sinusoidal(positions, d_model):
    div_term = torch.exp(
        torch.arange(0, d_model, 2, device=positions.device) * (-math.log(10000.0) / d_model)
    )
    arg = positions.unsqueeze(-1) * div_term
    both = torch.stack((torch.sin(arg), torch.cos(arg)), -1)
    return both.reshape(*positions.shape, -1)[..., :d_model].to(positions.dtype)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        self.register_buffer("pe", sinusoidal(torch.arange(max_len, dtype=torch.float), d_model))

    def forward(self, x, start=0):
        return x + self.pe[start : start + x.shape[-2], :]
