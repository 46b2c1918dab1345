# mistake: Only two kernel dimensions are counted; and he_normal does not pass its mode on.
# bug: two_kernel_sizes + mode_ignored
# line: 11, 39
from math import prod, sqrt

import torch
from torch import Tensor


def fans(weight: Tensor) -> tuple[int, int]:
    field = prod(weight.shape[2:4])
    return weight.shape[1] * field, weight.shape[0] * field


def he_variance(weight, mode="fan_in", negative_slope=0.0):
    fan = fans(weight)[0 if mode == "fan_in" else 1]
    return 2 / ((1 + negative_slope**2) * fan)


@torch.no_grad()
def xavier_uniform(weight: Tensor, gain: float = 1.0) -> Tensor:
    b = gain * sqrt(6 / sum(fans(weight)))
    return weight.uniform_(-b, b)


@torch.no_grad()
def xavier_normal(weight: Tensor, gain: float = 1.0) -> Tensor:
    return weight.normal_(0, gain * sqrt(2 / sum(fans(weight))))


@torch.no_grad()
def he_uniform(weight: Tensor, mode: str = "fan_in", negative_slope: float = 0.0) -> Tensor:
    b = sqrt(3 * he_variance(weight, mode, negative_slope))
    return weight.uniform_(-b, b)


@torch.no_grad()
def he_normal(weight: Tensor, mode: str = "fan_in", negative_slope: float = 0.0) -> Tensor:
    var = he_variance(weight, negative_slope=negative_slope)
    return weight.normal_(0, sqrt(var))
