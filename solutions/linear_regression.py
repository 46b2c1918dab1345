"""Linear regression: in closed form, and by mini-batch gradient descent.

    least squares:  w = V Σ⁺ Uᵀ y   with X = U Σ Vᵀ,  σ⁺ = 1/σ,  0⁺ = 0
    L = 1/n Σᵢ (xᵢ·w + b − yᵢ)²,   ∂L/∂w = 2/n Xᵀ r,   ∂L/∂b = 2/n Σᵢ rᵢ

r = Xw + b − y is the residual.
"""

import torch
from torch import Tensor


def least_squares(x: Tensor, y: Tensor) -> Tensor:
    u, s, vt = torch.linalg.svd(x, full_matrices=False)  # (n, k), (k,), (k, d); k = min(n, d)
    cutoff = s.max() * max(x.shape) * torch.finfo(x.dtype).eps
    inverse = torch.where(s > cutoff, 1 / s, 0.0)  # (k,)
    coordinates = u.mT @ y  # (k,): y along the columns of U
    scaled = inverse * coordinates
    w = vt.mT @ scaled  # (d,)
    return w


def gradients(x: Tensor, y: Tensor, w: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    predicted = x @ w + b  # (n,)
    residual = predicted - y
    slope = residual * (2 / len(y))  # ∂L/∂predicted
    grad_w = x.mT @ slope  # (d,)
    grad_b = slope.sum()
    return grad_w, grad_b


def fit(
    x: Tensor,
    y: Tensor,
    w: Tensor,
    b: Tensor,
    lr: float,
    batch_size: int,
    epochs: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    for _ in range(epochs):
        order = torch.randperm(len(y), generator=generator)
        for batch in order.split(batch_size):
            grad_w, grad_b = gradients(x[batch], y[batch], w, b)
            w = w - lr * grad_w
            b = b - lr * grad_b
    return w, b
