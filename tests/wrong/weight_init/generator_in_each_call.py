# mistake: Each call starts a generator of its own from the initial seed, so weights of one shape are the same.
# bug: own_generator
# line: 13
import torch
from torch import Tensor


class _Drawer:
    """Draws into a weight without autograd seeing it."""

    def __init__(self, weight: Tensor):
        self.weight = weight
        self.gen = torch.Generator(device=weight.device).manual_seed(torch.initial_seed())

    def uniform(self, var: float) -> Tensor:
        b = (3 * var) ** 0.5
        with torch.no_grad():
            self.weight.uniform_(-b, b, generator=self.gen)
        return self.weight

    def normal(self, var: float) -> Tensor:
        with torch.no_grad():
            self.weight.normal_(0, var**0.5, generator=self.gen)
        return self.weight


def fans(weight: Tensor) -> tuple[int, int]:
    n_out, n_in = weight.shape[:2]
    k = weight.numel() // (n_out * n_in)
    return n_in * k, n_out * k


def xavier_uniform(weight: Tensor, gain: float = 1.0) -> Tensor:
    fi, fo = fans(weight)
    return _Drawer(weight).uniform(gain**2 * 2 / (fi + fo))


def xavier_normal(weight: Tensor, gain: float = 1.0) -> Tensor:
    fi, fo = fans(weight)
    return _Drawer(weight).normal(gain**2 * 2 / (fi + fo))


def he_uniform(weight: Tensor, mode: str = "fan_in", negative_slope: float = 0.0) -> Tensor:
    fi, fo = fans(weight)
    fan = {"fan_in": fi, "fan_out": fo}[mode]
    return _Drawer(weight).uniform(2 / ((1 + negative_slope**2) * fan))


def he_normal(weight: Tensor, mode: str = "fan_in", negative_slope: float = 0.0) -> Tensor:
    fi, fo = fans(weight)
    fan = {"fan_in": fi, "fan_out": fo}[mode]
    return _Drawer(weight).normal(2 / ((1 + negative_slope**2) * fan))
