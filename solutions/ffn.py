"""The feed-forward layer of a Transformer, plain (Vaswani et al., 2017) or gated (Shazeer, 2020).

FFN(x)    = W_down · act(W_up x + b_up) + b_down,       4d wide
SwiGLU(x) = W_down (SiLU(W_gate x) ⊙ W_up x),           8d/3 wide: three matrices for the price of two
"""

from torch import Tensor, nn
from torch.nn import functional as F

PLAIN = {"relu": F.relu, "gelu": F.gelu}


def default_width(d_model: int, activation: str, multiple_of: int = 1) -> int:
    if activation == "swiglu":
        width = 8 * d_model // 3
    elif activation in PLAIN:
        width = 4 * d_model
    else:
        raise ValueError(f"unknown activation {activation!r}")
    blocks = -(-width // multiple_of)  # rounded up
    return blocks * multiple_of


class FeedForward(nn.Module):
    def __init__(
        self,
        d_model: int,
        d_ff: int | None = None,
        activation: str = "relu",
        multiple_of: int = 1,
    ):
        super().__init__()
        width = default_width(d_model, activation, multiple_of)
        if d_ff is not None:
            width = d_ff
        self.activation = activation
        gated = activation == "swiglu"
        if gated:
            self.gate = nn.Linear(d_model, width, bias=False)
        self.up = nn.Linear(d_model, width, bias=not gated)
        self.down = nn.Linear(width, d_model, bias=not gated)

    def forward(self, x: Tensor) -> Tensor:
        wide = self.up(x)  # (..., d_ff)
        if self.activation == "swiglu":
            strength = F.silu(self.gate(x))  # (..., d_ff)
            hidden = strength * wide
        else:
            hidden = PLAIN[self.activation](wide)
        return self.down(hidden)  # (..., d_model)
