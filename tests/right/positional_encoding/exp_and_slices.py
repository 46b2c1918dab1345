import math

import torch
from torch import nn


def sinusoidal(positions, d_model):
    half = torch.arange(0, d_model, 2, device=positions.device, dtype=positions.dtype)
    freq = torch.exp(half * (-math.log(10000.0) / d_model))
    args = positions.unsqueeze(-1) * freq
    out = torch.zeros(*positions.shape, d_model, dtype=positions.dtype, device=positions.device)
    out[..., 0::2] = torch.sin(args)
    out[..., 1::2] = torch.cos(args[..., : d_model // 2])
    return out


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        table = torch.zeros(max_len, d_model)
        position = torch.arange(0, max_len, dtype=torch.float).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
        table[:, 0::2] = torch.sin(position * div_term)
        table[:, 1::2] = torch.cos(position * div_term)[:, : d_model // 2]
        self.register_buffer("pe", table)

    def forward(self, x, start=0):
        return x + self.pe[start : start + x.size(-2), :].to(x.device)
