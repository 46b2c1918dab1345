import torch
from torch import nn

ACTS = {"relu": torch.relu, "gelu": nn.GELU(), "swiglu": nn.SiLU()}


def default_width(d_model, activation, multiple_of=1):
    if activation in ACTS:
        return -(-(d_model * 4 * (2 if activation == "swiglu" else 3) // 3) // multiple_of) * multiple_of
    raise ValueError(f"{activation} is none of {list(ACTS)}")


class FeedForward(nn.Module):
    def __init__(self, d_model, d_ff=None, activation="relu", multiple_of=1):
        super().__init__()
        f = default_width(d_model, activation, multiple_of) if d_ff is None else d_ff
        if activation not in ACTS:
            raise ValueError(activation)
        sizes = {"gate": (d_model, f), "up": (d_model, f), "down": (f, d_model)}
        if activation != "swiglu":
            del sizes["gate"]
        self.layers = None
        for name, size in sizes.items():
            self.add_module(name, nn.Linear(*size, bias=activation != "swiglu"))
        self.act = activation

    def forward(self, x):
        wide = torch.einsum("...d,fd->...f", x, self.up.weight)
        if self.act == "swiglu":
            return torch.einsum(
                "...f,...f,df->...d",
                wide,
                ACTS["swiglu"](torch.einsum("...d,fd->...f", x, self.gate.weight)),
                self.down.weight,
            )
        return (
            torch.einsum("...f,df->...d", ACTS[self.act](wide + self.up.bias), self.down.weight)
            + self.down.bias
        )
