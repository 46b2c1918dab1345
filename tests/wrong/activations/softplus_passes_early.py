# mistake: softplus hands x through unchanged beyond 10, where the rest is not small enough yet
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
    return 0.5 * x * torch.erfc(-x / math.sqrt(2))


def silu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


def softplus(x: Tensor) -> Tensor:
    return torch.where(x > 10, x, torch.log1p(torch.exp(x.clamp(max=10.0))))


def swiglu(x: Tensor, w_gate: Tensor, w_up: Tensor, w_down: Tensor) -> Tensor:
    return (silu(x @ w_gate.T) * (x @ w_up.T)) @ w_down.T
