"""Masks that write, leaky ReLU from two relus, the tanh form of gelu from silu, gelu by erfc."""

import math

import torch
from torch import Tensor


def relu(x):
    out = torch.zeros_like(x)
    positive = x > 0
    out[positive] = x[positive]
    return out


def leaky_relu(x, slope=0.01):
    return relu(x) - slope * relu(-x) + slope * (x - x.detach()) * (x == 0)


def elu(x, alpha=1.0):
    out = x.clone()
    low = x <= 0
    out[low] = alpha * torch.expm1(x[low])
    return out


def gelu(x, approximate="none"):
    if approximate == "none":
        return x * torch.special.erfc(x * -math.sqrt(0.5)) / 2
    inner = math.sqrt(8 / math.pi) * x * (1 + 0.044715 * x.square())
    return silu(inner) / (math.sqrt(8 / math.pi) * (1 + 0.044715 * x.square()))


def silu(x):
    e = torch.exp(-x.abs())
    return torch.where(x >= 0, x / (1 + e), x * e / (1 + e))


def softplus(x):
    high = torch.where(x > 0, x, torch.zeros_like(x))
    low = torch.where(x > 0, torch.zeros_like(x), x)
    return torch.where(x > 0, high + torch.log1p(torch.exp(-high)), torch.log1p(torch.exp(low)))


def swiglu(x, w_gate, w_up, w_down):
    both = x @ torch.cat([w_gate, w_up]).mT
    gate, up = both.chunk(2, dim=-1)
    return torch.nn.functional.linear(silu(gate) * up, w_down)
