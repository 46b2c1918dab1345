# mistake: The layer computes the rows anew at each call instead of taking them from pe, so a table that was loaded into pe is ignored.
# line: 26
# bug: pe_not_read
import math

import torch
from torch import Tensor, nn


def sinusoidal(positions: Tensor, d_model: int) -> Tensor:
    columns = []
    for j in range(d_model):
        angle = positions / 10000 ** ((j - j % 2) / d_model)
        columns.append(torch.cos(angle) if j % 2 else torch.sin(angle))
    return torch.stack(columns, dim=-1)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, max_len: int = 5000):
        super().__init__()
        self.d_model = d_model
        self.register_buffer("pe", sinusoidal(torch.arange(max_len).float(), d_model))

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        where = torch.arange(start, start + x.size(-2), dtype=torch.float32, device=x.device)
        return x + sinusoidal(where, self.d_model).to(x.dtype)
