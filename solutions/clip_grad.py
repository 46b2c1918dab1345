"""Gradient clipping by global norm (Pascanu, Mikolov & Bengio, 2013).

With g₁, …, gₖ the gradients of all parameters and θ the threshold:

    ‖g‖ = √(Σᵢ Σ gᵢ²)
    gᵢ ← min(1, θ / ‖g‖) · gᵢ
"""

from collections.abc import Iterable

import torch
from torch import Tensor


@torch.no_grad()
def clip_grad(params: Iterable[Tensor], max_norm: float) -> Tensor:
    grads = [p.grad for p in params if p.grad is not None]
    if not grads:
        return torch.tensor(0.0)
    squares = torch.stack([g.square().sum() for g in grads])  # one a parameter
    norm = squares.sum().sqrt()  # ‖g‖
    if norm > max_norm:
        scale = max_norm / norm
        for g in grads:
            g *= scale
    return norm
