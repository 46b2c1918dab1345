# mistake: The slice ends at the number of tokens instead of start plus that number.
# bug: stop_without_start
# line: 23
import torch
from torch import nn


def sinusoidal(positions, d_model):
    k = torch.arange(d_model, dtype=positions.dtype, device=positions.device)
    k = 2 * torch.div(k, 2, rounding_mode="floor")
    a = positions[..., None] / (10000.0 ** (k / d_model))
    is_even = torch.arange(d_model, device=positions.device) % 2 == 0
    return torch.where(is_even, a.sin(), a.cos())


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        table = sinusoidal(torch.arange(float(max_len)), d_model)
        self.register_buffer("pe", table)

    def forward(self, x, start=0):
        return x + self.pe[start : x.shape[-2]]
