# mistake: two mistakes: silu cuts its gate from the graph, softplus has slope 0 at 0
# bug: silu_gate_detached + softplus_at_zero
import math

import torch


def silu(x):
    return x * torch.sigmoid(x).detach()


def softplus(x):
    big = torch.where(x > 0, x, 0.0)
    return big + torch.log1p(torch.exp(-x.abs()))


def swiglu(x, w_gate, w_up, w_down):
    return (silu(x @ w_gate.T) * (x @ w_up.T)) @ w_down.T


def relu(x):
    return x * (x > 0)


def leaky_relu(x, slope=0.01):
    return torch.where(x > 0, x, slope * x)


def elu(x, alpha=1.0):
    low = torch.where(x > 0, 0.0, x)
    return torch.where(x > 0, x, alpha * torch.expm1(low))


def gelu(x, approximate="none"):
    if approximate == "none":
        return x / 2 * (1 + torch.erf(x / math.sqrt(2)))
    return x / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
