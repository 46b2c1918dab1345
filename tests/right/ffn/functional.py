"""A function per form; the class keeps the parameters. Gate and up in one product."""

import torch
from torch import nn
from torch.nn import functional as F


def plain(act):
    return lambda x, p: F.linear(act(F.linear(x, p.up.weight, p.up.bias)), p.down.weight, p.down.bias)


def swiglu(x, p):
    both = F.linear(x, torch.cat([p.gate.weight, p.up.weight]))
    strength, wide = both.chunk(2, dim=-1)
    return F.linear(F.silu(strength) * wide, p.down.weight)


FORMS = {"relu": plain(F.relu), "gelu": plain(F.gelu), "swiglu": swiglu}


def form(activation):
    try:
        return FORMS[activation]
    except KeyError:
        raise ValueError(f"no form {activation!r}") from None


def default_width(d_model, activation, multiple_of=1):
    width = 8 * d_model // 3 if form(activation) is swiglu else 4 * d_model
    return width + -width % multiple_of


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff=None, activation="relu", multiple_of=1):
        super().__init__()
        self.compute = form(activation)
        width = d_ff or default_width(d_model, activation, multiple_of)
        bias = self.compute is not swiglu
        self.down, self.up = nn.Linear(width, d_model, bias), nn.Linear(d_model, width, bias)
        if not bias:
            self.gate = nn.Linear(d_model, width, bias)

    def forward(self, x):
        return self.compute(x, self)
