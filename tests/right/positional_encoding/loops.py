import math

import torch
from torch import nn


def wave(p, j, d):
    angle = p / math.pow(10000.0, (j - j % 2) / d)
    return torch.cos(angle) if j % 2 else torch.sin(angle)


def sinusoidal(positions, d_model):
    flat = positions.reshape(-1)
    rows = [torch.stack([wave(p, j, d_model) for j in range(d_model)]) for p in flat]
    return torch.stack(rows).reshape(positions.shape + (d_model,))


class PositionalEncoding(nn.Module):
    """The table is made of Python floats, and added one token at a time."""

    def __init__(self, d_model, max_len=5000):
        super().__init__()
        rates = [10000.0 ** (-(j // 2 * 2) / d_model) for j in range(d_model)]
        table = [
            [math.cos(p * r) if j % 2 else math.sin(p * r) for j, r in enumerate(rates)]
            for p in range(max_len)
        ]
        self.register_buffer("pe", torch.tensor(table, dtype=torch.float32))

    def forward(self, x, start=0):
        tokens = [token + self.pe[start + t] for t, token in enumerate(x.unbind(-2))]
        return torch.stack(tokens, dim=-2)
