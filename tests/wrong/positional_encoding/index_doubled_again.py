# mistake: The index already runs over 0, 2, 4, ... and is doubled once more.
# bug: exponent_doubled
# line: 12
import torch
from torch import nn


def sinusoidal(positions, d_model):
    columns = []
    for i in range(0, d_model, 2):
        # 2i / d_model
        exponent = 2 * i / d_model
        angle = positions / (10000**exponent)
        columns.append(torch.sin(angle))
        columns.append(torch.cos(angle))
    return torch.stack(columns[:d_model], dim=-1)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        self.register_buffer("pe", sinusoidal(torch.arange(max_len, dtype=torch.float32), d_model))

    def forward(self, x, start=0):
        T = x.shape[-2]
        return x + self.pe[start : T + start]
