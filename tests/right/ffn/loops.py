"""One hidden unit after the other."""

import math

import torch
from torch import nn


def default_width(d_model, activation, multiple_of=1):
    widths = {"relu": (4, 1), "gelu": (4, 1), "swiglu": (8, 3)}
    if activation not in widths:
        raise ValueError("activation")
    up, down = widths[activation]
    width = d_model * up // down
    while width % multiple_of:
        width += 1
    return width


def bend(z, kind):
    if kind == "relu":
        return z.clamp(min=0)
    if kind == "gelu":
        return z * torch.special.ndtr(z)
    return nn.functional.silu(z)


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff=None, activation="relu", multiple_of=1):
        super().__init__()
        least = default_width(d_model, activation, multiple_of)
        d_ff = least if d_ff is None else d_ff
        self.activation = activation
        plain = activation != "swiglu"
        for name, inputs, outputs in (
            ("up", d_model, d_ff),
            ("down", d_ff, d_model),
            *([] if plain else [("gate", d_model, d_ff)]),
        ):
            part = nn.Module()
            bound = 1 / math.sqrt(inputs)
            part.weight = nn.Parameter(torch.rand(outputs, inputs) * 2 * bound - bound)
            if plain:
                part.bias = nn.Parameter(torch.rand(outputs) * 2 * bound - bound)
            setattr(self, name, part)

    def forward(self, x):
        y = 0
        for j in range(self.up.weight.shape[0]):
            z = (x * self.up.weight[j]).sum(-1, keepdim=True)
            if self.activation == "swiglu":
                z = z * bend((x * self.gate.weight[j]).sum(-1, keepdim=True), "silu")
            else:
                z = bend(z + self.up.bias[j], self.activation)
            y = y + z * self.down.weight[:, j]
        return y if self.activation == "swiglu" else y + self.down.bias
