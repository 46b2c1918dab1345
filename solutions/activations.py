"""Activation functions, right at 0, far out and where they are tiny.

relu(x)     = x for x > 0, else 0
leaky(x)    = x for x > 0, else s x
elu(x)      = x for x > 0, else α (eˣ − 1)
gelu(x)     = x Φ(x),  Φ(x) = ½ (1 + erf(x / √2))
silu(x)     = x σ(x)
softplus(x) = log(1 + eˣ)
swiglu(x)   = (silu(x Wgᵀ) ⊙ x Wuᵀ) Wdᵀ
"""

import math

import torch
from torch import Tensor


def relu(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, torch.zeros_like(x))


def leaky_relu(x: Tensor, slope: float = 0.01) -> Tensor:
    return torch.where(x > 0, x, slope * x)


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    negative = x.clamp(max=0)  # what exp may see
    curve = alpha * torch.expm1(negative)
    return torch.where(x > 0, x, curve)


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1 + torch.tanh(inner))
    phi = 0.5 * (1 + torch.erf(x / math.sqrt(2)))  # Φ(x)
    return x * phi


def silu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


def softplus(x: Tensor) -> Tensor:
    low = torch.where(x > 0, -x, x)  # −|x|
    tail = torch.log1p(torch.exp(low))  # between 0 and log 2
    return torch.where(x > 0, x + tail, tail)


def swiglu(x: Tensor, w_gate: Tensor, w_up: Tensor, w_down: Tensor) -> Tensor:
    gate = silu(x @ w_gate.mT)  # (..., h)
    up = x @ w_up.mT  # (..., h)
    hidden = gate * up  # (..., h)
    return hidden @ w_down.mT  # (..., e)
