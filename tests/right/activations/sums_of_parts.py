"""One-liners: a positive part and a negative part."""

import numpy as np
import torch

up = lambda x: torch.where(x > 0, x, 0)  # noqa: E731
down = lambda x: torch.where(x > 0, 0, x)  # noqa: E731

relu = lambda x: up(x)  # noqa: E731
leaky_relu = lambda x, slope=0.01: up(x) + slope * down(x)  # noqa: E731
elu = lambda x, alpha=1.0: up(x) + alpha * torch.expm1(down(x))  # noqa: E731
silu = lambda x: x.sigmoid().mul(x)  # noqa: E731
softplus = lambda x: up(x) + (down(x) - up(x)).exp().log1p()  # noqa: E731


def gelu(x, approximate="none"):
    inner = np.sqrt(2 / np.pi).item() * x * (1 + 0.044715 * x.square())
    gate = inner.tanh() + 1 if approximate == "tanh" else 2 - torch.erfc(x * 0.5**0.5)
    return gate.mul(x).div(2)


def swiglu(x, w_gate, w_up, w_down):
    return torch.nn.functional.linear(silu(x @ w_gate.T).mul_(x @ w_up.T), w_down)
