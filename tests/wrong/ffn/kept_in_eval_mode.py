# mistake: in eval mode the fused gate/up matrix is cached at the first call, so weights loaded or changed later are ignored.
# bug: weights_kept_in_eval_mode
import torch
import torch.nn.functional as F
from torch import Tensor, nn

KINDS = ("relu", "gelu", "swiglu")


def default_width(d_model: int, activation: str, multiple_of: int = 1) -> int:
    if activation not in KINDS:
        raise ValueError(f"unknown activation {activation!r}")
    width = 8 * d_model // 3 if activation == "swiglu" else 4 * d_model
    return (width + multiple_of - 1) // multiple_of * multiple_of


class FeedForward(nn.Module):
    def __init__(
        self,
        d_model: int,
        d_ff: int | None = None,
        activation: str = "relu",
        multiple_of: int = 1,
    ):
        super().__init__()
        if activation not in KINDS:
            raise ValueError(f"unknown activation {activation!r}")
        if d_ff is None:
            d_ff = default_width(d_model, activation, multiple_of)
        self.activation = activation
        self.fused = None
        gated = activation == "swiglu"
        if gated:
            self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=not gated)
        self.down = nn.Linear(d_ff, d_model, bias=not gated)

    def train(self, mode=True):
        self.fused = None
        return super().train(mode)

    def both(self):
        if self.training:
            return torch.cat([self.gate.weight, self.up.weight])
        if self.fused is None:
            self.fused = torch.cat([self.gate.weight, self.up.weight])
        return self.fused

    def forward(self, x: Tensor) -> Tensor:
        if self.activation == "swiglu":
            g, u = F.linear(x, self.both()).chunk(2, dim=-1)
            return self.down(F.silu(g) * u)
        if self.activation == "gelu":
            return self.down(F.gelu(self.up(x)))
        return self.down(F.relu(self.up(x)))
