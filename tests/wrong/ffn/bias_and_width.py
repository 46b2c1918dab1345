# mistake: SwiGLU has a bias at the end, and its default width is 4d: two mistakes.
# bug: swiglu_with_biases + gated_as_wide
import torch
from torch import nn
import torch.nn.functional as F


def default_width(d_model, activation, multiple_of=1):
    if activation not in ("relu", "gelu", "swiglu"):
        raise ValueError(activation)
    width = 4 * d_model
    return (width + multiple_of - 1) // multiple_of * multiple_of


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff=None, activation="relu", multiple_of=1):
        super().__init__()
        width = default_width(d_model, activation, multiple_of)
        width = width if d_ff is None else d_ff
        self.kind = activation
        bias = activation != "swiglu"
        self.up = nn.Linear(d_model, width, bias=bias)
        self.down = nn.Linear(width, d_model)
        if not bias:
            self.gate = nn.Linear(d_model, width, bias=False)

    def forward(self, x):
        if self.kind == "swiglu":
            h = F.silu(self.gate(x)) * self.up(x)
        else:
            h = getattr(F, self.kind)(self.up(x))
        return self.down(h)
