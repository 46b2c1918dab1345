import math

import torch
import torch.nn as nn


def default_width(d_model, activation, multiple_of=1):
    if activation not in ("relu", "gelu", "swiglu"):
        raise ValueError(activation)
    width = 4 * d_model
    if activation == "swiglu":
        width = int(2 * width / 3)
    return multiple_of * ((width + multiple_of - 1) // multiple_of)


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff=None, activation="relu", multiple_of=1):
        super().__init__()
        if activation not in ("relu", "gelu", "swiglu"):
            raise ValueError(f"activation {activation}")
        if d_ff is None:
            d_ff = default_width(d_model, activation, multiple_of)
        self.kind = activation
        if activation == "swiglu":
            self.up = nn.Linear(d_model, d_ff, bias=False)
            self.gate = nn.Linear(d_model, d_ff, bias=False)
            self.down = nn.Linear(d_ff, d_model, bias=False)
        else:
            self.up = nn.Linear(d_model, d_ff)
            self.down = nn.Linear(d_ff, d_model)

    def forward(self, x):
        if self.kind == "relu":
            return self.down(torch.relu(self.up(x)))
        if self.kind == "gelu":
            z = self.up(x)
            return self.down(0.5 * z * (1 + torch.erf(z / math.sqrt(2))))
        g = self.gate(x)
        return self.down(g * torch.sigmoid(g) * self.up(x))
