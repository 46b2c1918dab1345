# mistake: two mistakes: gelu knows the tanh formula alone, and softplus takes the log of 1 + y
# bug: gelu_always_tanh + softplus_digits_lost
import math

import torch
from torch import Tensor


def relu(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, torch.zeros_like(x))


def leaky_relu(x: Tensor, slope: float = 0.01) -> Tensor:
    return torch.where(x > 0, x, slope * x)


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    low = torch.where(x > 0, torch.zeros_like(x), x)
    return torch.where(x > 0, x, alpha * torch.expm1(low))


def gelu(x: Tensor, approximate: str = "none") -> Tensor:
    if approximate == "tanh":
        u = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return x * torch.sigmoid(2 * u)
    u = 0.7978845608028654 * (x + 0.044715 * x**3)
    return x * torch.sigmoid(2 * u)


def silu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


def softplus(x: Tensor) -> Tensor:
    return torch.maximum(x, torch.zeros_like(x)) + torch.log(1 + torch.exp(-x.abs()))


def swiglu(x: Tensor, w_gate: Tensor, w_up: Tensor, w_down: Tensor) -> Tensor:
    return (silu(x @ w_gate.T) * (x @ w_up.T)) @ w_down.T
