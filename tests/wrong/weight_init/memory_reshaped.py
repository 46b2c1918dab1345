# mistake: The memory to fill is got with reshape(-1), which copies a weight that is not contiguous.
# bug: flat_copy
# line: 15
from math import sqrt

from torch import Tensor


class Filler:
    """Fills one weight without autograd noticing."""

    def __init__(self, weight: Tensor):
        self.weight = weight
        self.fan_in, self.fan_out = fans(weight)
        self.memory = weight.detach().reshape(-1)

    def uniform(self, std: float) -> Tensor:
        self.memory.uniform_(-std * sqrt(3), std * sqrt(3))
        return self.weight

    def normal(self, std: float) -> Tensor:
        self.memory.normal_(std=std)
        return self.weight

    def xavier(self, gain: float) -> float:
        return gain * sqrt(2 / (self.fan_in + self.fan_out))

    def he(self, mode: str, slope: float) -> float:
        return sqrt(2 / (getattr(self, mode) * (1 + slope**2)))


def fans(weight: Tensor) -> tuple[int, int]:
    n_out, n_in, *kernel = weight.shape
    for side in kernel:
        n_out, n_in = n_out * side, n_in * side
    return n_in, n_out


def xavier_uniform(weight: Tensor, gain: float = 1.0) -> Tensor:
    job = Filler(weight)
    return job.uniform(job.xavier(gain))


def xavier_normal(weight: Tensor, gain: float = 1.0) -> Tensor:
    job = Filler(weight)
    return job.normal(job.xavier(gain))


def he_uniform(weight: Tensor, mode: str = "fan_in", negative_slope: float = 0.0) -> Tensor:
    job = Filler(weight)
    return job.uniform(job.he(mode, negative_slope))


def he_normal(weight: Tensor, mode: str = "fan_in", negative_slope: float = 0.0) -> Tensor:
    job = Filler(weight)
    return job.normal(job.he(mode, negative_slope))
