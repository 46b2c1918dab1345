"""Each function as an autograd.Function with a derivative of its own."""

import math

import torch


class Entrywise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, value, slope):
        with torch.no_grad():
            ctx.save_for_backward(slope(x))
            return value(x)

    @staticmethod
    def backward(ctx, grad):
        (slope,) = ctx.saved_tensors
        return grad * slope, None, None


def relu(x):
    return leaky_relu(x, 0.0)


def leaky_relu(x, slope=0.01):
    def slopes(x):
        return torch.where(x > 0, torch.ones_like(x), torch.full_like(x, slope))

    return Entrywise.apply(x, lambda x: x * slopes(x), slopes)


def elu(x, alpha=1.0):
    return Entrywise.apply(
        x,
        lambda x: torch.where(x > 0, x, alpha * torch.expm1(x)),
        lambda x: torch.where(x > 0, torch.ones_like(x), alpha * torch.exp(x)),
    )


def gelu(x, approximate="none"):
    if approximate == "none":
        cdf = lambda x: (1 + torch.erf(x / 2**0.5)) / 2  # noqa: E731
        pdf = lambda x: torch.exp(-x * x / 2) / (2 * math.pi) ** 0.5  # noqa: E731
        return Entrywise.apply(x, lambda x: x * cdf(x), lambda x: cdf(x) + x * pdf(x))
    c, k = (2 / math.pi) ** 0.5, 0.044715

    def tanh(x):
        return torch.tanh(c * (x + k * x**3))

    def slope(x):
        t = tanh(x)
        return (1 + t) / 2 + x / 2 * (1 - t * t) * c * (1 + 3 * k * x * x)

    return Entrywise.apply(x, lambda x: x / 2 * (1 + tanh(x)), slope)


def silu(x):
    sigmoid = torch.sigmoid
    return Entrywise.apply(x, lambda x: x * sigmoid(x), lambda x: sigmoid(x) + x * sigmoid(x) * sigmoid(-x))


def softplus(x):
    return Entrywise.apply(
        x, lambda x: x.clamp(min=0) + torch.log1p(torch.exp(-x.abs())), lambda x: torch.sigmoid(x)
    )


def swiglu(x, w_gate, w_up, w_down):
    both = torch.matmul(x, torch.cat([w_gate, w_up]).t())
    gate, up = both.chunk(2, dim=-1)
    return torch.matmul(silu(gate) * up, w_down.t())
