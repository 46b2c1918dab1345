import torch
from torch import einsum


def relu(x):
    return x.masked_fill(x <= 0, 0)


def leaky_relu(x, slope=0.01):
    positive = (x > 0).to(x.dtype)
    return positive * x + (1 - positive) * slope * x


def elu(x, alpha=1.0):
    out = x.clone()
    left = x <= 0
    out[left] = alpha * torch.special.expm1(x[left])
    return out


def gelu(x, approximate="none"):
    if approximate == "tanh":
        # ½ (1 + tanh u) = σ(2u)
        return x * torch.sigmoid(2 * torch.tensor(2 / torch.pi).sqrt() * (x + 0.044715 * x**3))
    return x * torch.special.ndtr(x)


def silu(x):
    return x * (1 + torch.tanh(x / 2)) / 2 if bool((x > -15).all()) else x * x.sigmoid()


def softplus(x):
    big = x > 30
    inner = torch.where(big, torch.zeros_like(x), x)
    return torch.where(big, x, inner.exp().log1p())


def swiglu(x, w_gate, w_up, w_down):
    gate, up = (einsum("...d,hd->...h", x, w) for w in (w_gate, w_up))
    return einsum("...h,...h,eh->...e", gate * gate.sigmoid(), up, w_down)
