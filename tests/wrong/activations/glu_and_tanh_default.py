# mistake: two mistakes: swiglu gates with a sigmoid, and gelu takes the tanh formula by default
# bug: gelu_default_tanh + swiglu_sigmoid
import math

import torch


def gelu(x, approximate="tanh"):
    if approximate == "none":
        return x / 2 * (1 + torch.erf(x / math.sqrt(2)))
    return x / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


def swiglu(x, w_gate, w_up, w_down):
    return (torch.sigmoid(x @ w_gate.T) * (x @ w_up.T)) @ w_down.T


def relu(x):
    return x * (x > 0)


def leaky_relu(x, slope=0.01):
    return torch.where(x > 0, x, slope * x)


def elu(x, alpha=1.0):
    low = torch.where(x > 0, 0.0, x)
    return torch.where(x > 0, x, alpha * torch.expm1(low))


def silu(x):
    return torch.sigmoid(x) * x


def softplus(x):
    return torch.maximum(x, torch.zeros_like(x)) + torch.log1p(torch.exp(-x.abs()))
