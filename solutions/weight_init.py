"""Initial weights that keep the variance of activations and gradients from layer to layer.

Xavier (Glorot & Bengio, 2010):   Var(W) = gain² · 2 / (fan_in + fan_out)
He (He et al., 2015):             Var(W) = 2 / ((1 + a²) · fan)

A uniform distribution on (−b, b) has variance b²/3, hence b = √3 · std.
"""

import math

import torch
from torch import Tensor


def fans(weight: Tensor) -> tuple[int, int]:
    outputs, inputs, *kernel = weight.shape
    field = math.prod(kernel)  # 1 for a matrix
    return inputs * field, outputs * field


def xavier_std(weight: Tensor, gain: float) -> float:
    fan_in, fan_out = fans(weight)
    return gain * math.sqrt(2 / (fan_in + fan_out))


def he_std(weight: Tensor, mode: str, negative_slope: float) -> float:
    fan_in, fan_out = fans(weight)
    fan = fan_in if mode == "fan_in" else fan_out
    gain = math.sqrt(2 / (1 + negative_slope**2))
    return gain / math.sqrt(fan)


@torch.no_grad()
def draw_uniform(weight: Tensor, std: float) -> Tensor:
    bound = math.sqrt(3) * std
    return weight.uniform_(-bound, bound)


@torch.no_grad()
def draw_normal(weight: Tensor, std: float) -> Tensor:
    return weight.normal_(0, std)


def xavier_uniform(weight: Tensor, gain: float = 1.0) -> Tensor:
    return draw_uniform(weight, xavier_std(weight, gain))


def xavier_normal(weight: Tensor, gain: float = 1.0) -> Tensor:
    return draw_normal(weight, xavier_std(weight, gain))


def he_uniform(weight: Tensor, mode: str = "fan_in", negative_slope: float = 0.0) -> Tensor:
    return draw_uniform(weight, he_std(weight, mode, negative_slope))


def he_normal(weight: Tensor, mode: str = "fan_in", negative_slope: float = 0.0) -> Tensor:
    return draw_normal(weight, he_std(weight, mode, negative_slope))
