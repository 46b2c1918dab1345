# mistake: half of x + |x|: at 0 the two slopes average to 1/2
# bug: relu_at_zero
import math

import torch


def relu(x):
    return (x + x.abs()) / 2


def leaky_relu(x, slope=0.01):
    return torch.where(x > 0, x, slope * x)


def elu(x, alpha=1.0):
    low = torch.where(x > 0, 0.0, x)
    return torch.where(x > 0, x, alpha * torch.expm1(low))


def gelu(x, approximate="none"):
    if approximate == "none":
        return x / 2 * (1 + torch.erf(x / math.sqrt(2)))
    return x / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


def silu(x):
    return torch.sigmoid(x) * x


def softplus(x):
    return torch.maximum(x, torch.zeros_like(x)) + torch.log1p(torch.exp(-x.abs()))


def swiglu(x, w_gate, w_up, w_down):
    hidden = silu(torch.einsum("...d,hd->...h", x, w_gate)) * torch.einsum("...d,hd->...h", x, w_up)
    return torch.einsum("...h,eh->...e", hidden, w_down)
