import math

import torch


def relu(x):
    return x * (x > 0)


def leaky_relu(x, slope=0.01):
    factor = torch.ones_like(x)
    factor[x <= 0] = slope
    return factor * x


def elu(x, alpha=1.0):
    low = torch.where(x > 0, torch.zeros_like(x), x)
    return torch.where(x > 0, x, alpha * torch.expm1(low))


def gelu(x, approximate="none"):
    if approximate == "none":
        return x / 2 * (1 + torch.erf(x / math.sqrt(2)))
    return x / 2 * (1 + torch.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))


def silu(x):
    return torch.sigmoid(x) * x


def softplus(x):
    return torch.maximum(x, torch.zeros_like(x)) + torch.log1p(torch.exp(-x.abs()))


def swiglu(x, w_gate, w_up, w_down):
    return (silu(x @ w_gate.transpose(0, 1)) * (x @ w_up.transpose(0, 1))) @ w_down.transpose(0, 1)
