"""One entry at a time, with the branches of the formulas as Python's own."""

import math

import torch


def entrywise(f, x):
    entries = [f(entry) for entry in x.reshape(-1)]
    return torch.stack(entries).reshape(x.shape)


def relu(x):
    return entrywise(lambda e: e * 1 if e > 0 else e * 0, x)


def leaky_relu(x, slope=0.01):
    return entrywise(lambda e: e * 1 if e > 0 else e * slope, x)


def elu(x, alpha=1.0):
    return entrywise(lambda e: e * 1 if e > 0 else alpha * e.expm1(), x)


def gelu(x, approximate="none"):
    def exact(e):
        return e * (1 + (e * 2**-0.5).erf()) / 2

    def rough(e):
        return e * (1 + ((2 / math.pi) ** 0.5 * (e + 0.044715 * e.pow(3))).tanh()) / 2

    return entrywise(rough if approximate == "tanh" else exact, x)


def silu(x):
    return entrywise(lambda e: e / (1 + (-e).exp()) if e > 0 else e * e.exp() / (1 + e.exp()), x)


def softplus(x):
    return entrywise(lambda e: e + (-e).exp().log1p() if e > 0 else e.exp().log1p(), x)


def swiglu(x, w_gate, w_up, w_down):
    rows = []
    for row in x.reshape(-1, x.shape[-1]):
        gates = torch.stack([(row * w).sum() for w in w_gate])
        ups = torch.stack([(row * w).sum() for w in w_up])
        hidden = silu(gates) * ups
        rows.append(torch.stack([(hidden * w).sum() for w in w_down]))
    return torch.stack(rows).reshape(*x.shape[:-1], w_down.shape[0])
