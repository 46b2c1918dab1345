# mistake: forward remembers the position after the last call and goes on from there.
# line: 20, 22
import torch
from torch import nn


def sinusoidal(positions, d_model):
    exponent = torch.arange(0, d_model, 2).to(positions) / d_model
    theta = positions[..., None] / 10000**exponent
    return torch.stack([theta.sin(), theta.cos()], -1).flatten(-2)[..., :d_model]


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        self.register_buffer("pe", sinusoidal(torch.arange(max_len).float(), d_model))
        self.next = 0

    def forward(self, x, start=0):
        start = start or self.next
        stop = start + x.shape[-2]
        rows = self.pe[start:stop]
        self.next = stop % 2
        return x + rows
