"""Logistic regression: one neuron with a sigmoid, and the threshold that turns it into decisions.

z = Xw + b,   p = σ(z) = 1 / (1 + e⁻ᶻ)
L = 1/n Σᵢ (log(1 + exp(zᵢ)) − yᵢ zᵢ) + λ/2 ‖w‖²
∂L/∂w = 1/n Xᵀ(p − y) + λ w,   ∂L/∂b = 1/n Σᵢ (pᵢ − yᵢ)
"""

import math

import torch
from torch import Tensor


def probabilities(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    z = x @ w + b  # (n,)
    e = torch.exp(-z.abs())  # at most 1
    likelier = 1 / (1 + e)
    p = torch.where(z >= 0, likelier, e * likelier)
    return p


def loss(x: Tensor, y: Tensor, w: Tensor, b: Tensor, l2: float = 0.0) -> Tensor:
    z = x @ w + b
    shortfall = z.clamp(min=0) - y * z  # 0 where z is on the side of y
    rest = torch.log1p(torch.exp(-z.abs()))
    each = shortfall + rest  # log(1 + e^z) − y z
    penalty = l2 / 2 * w.square().sum()
    return each.mean() + penalty


def gradients(x: Tensor, y: Tensor, w: Tensor, b: Tensor, l2: float = 0.0) -> tuple[Tensor, Tensor]:
    error = probabilities(x, w, b) - y  # ∂Lᵢ/∂zᵢ
    grad_w = x.mT @ error / len(y) + l2 * w
    grad_b = error.mean()
    return grad_w, grad_b


def fit(x: Tensor, y: Tensor, lr: float, steps: int, l2: float = 0.0) -> tuple[Tensor, Tensor]:
    w, b = x.new_zeros(x.shape[1]), x.new_zeros(())
    for _ in range(steps):
        grad_w, grad_b = gradients(x, y, w, b, l2)
        w = w - lr * grad_w
        b = b - lr * grad_b
    return w, b


def predict(x: Tensor, w: Tensor, b: Tensor, threshold: float = 0.5) -> Tensor:
    p = probabilities(x, w, b)
    return (p >= threshold).long()


def best_threshold(p: Tensor, y: Tensor, cost_fp: float = 1.0, cost_fn: float = 1.0) -> Tensor:
    candidates = torch.cat([p, p.new_tensor([math.inf])])  # (m,)
    chosen = p >= candidates[:, None]  # (m, n)
    false_alarms = (chosen & (y == 0)).sum(dim=1)
    misses = (~chosen & (y == 1)).sum(dim=1)
    cost = cost_fp * false_alarms + cost_fn * misses
    cheapest = candidates[cost == cost.min()]
    return cheapest.max()
