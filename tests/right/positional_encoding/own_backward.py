import torch
from torch import nn


class Waves(torch.autograd.Function):
    @staticmethod
    def forward(ctx, positions, d_model):
        i = torch.arange((d_model + 1) // 2, dtype=positions.dtype, device=positions.device)
        rates = 10000.0 ** (-2 * i / d_model)
        angles = positions[..., None] * rates
        sin, cos = angles.sin(), angles.cos()
        ctx.save_for_backward(sin, cos, rates)
        encoding = positions.new_empty((*positions.shape, d_model))
        encoding[..., ::2], encoding[..., 1::2] = sin, cos[..., : d_model // 2]
        return encoding

    @staticmethod
    def backward(ctx, g):
        sin, cos, rates = ctx.saved_tensors
        pairs = g.shape[-1] // 2
        down = (g[..., ::2] * cos * rates).sum(-1)
        return down - (g[..., 1::2] * sin[..., :pairs] * rates[:pairs]).sum(-1), None


def sinusoidal(positions, d_model):
    return Waves.apply(positions, d_model)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=5000):
        super().__init__()
        self.pe = nn.Buffer(sinusoidal(torch.arange(float(max_len)), d_model).float())

    def forward(self, x, start=0):
        out = x.clone()
        out += self.pe[start:][: x.shape[-2]]
        return out
