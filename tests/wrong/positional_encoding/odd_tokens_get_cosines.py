# mistake: The even and odd of the formula are taken for positions: every other position is all sines, the others all cosines.
# bug: by_position_parity
# line: 12, 13
import torch
from torch import nn


def sinusoidal(positions, d_model):
    even = torch.arange(0, d_model, 2, dtype=positions.dtype, device=positions.device)
    angles = positions.unsqueeze(-1) / torch.pow(10000.0, even / d_model)
    table = torch.repeat_interleave(angles, 2, dim=-1)[..., :d_model]
    rows = [torch.sin(row) if n % 2 == 0 else torch.cos(row) for n, row in enumerate(table)]
    return torch.stack(rows)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        self.register_buffer("pe", sinusoidal(torch.arange(max_len).float(), d_model))

    def forward(self, x, start=0):
        return x + self.pe[start : start + x.size(-2)]
