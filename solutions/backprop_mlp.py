"""A two-layer MLP with softmax cross-entropy, and its gradients without autograd.

    z = x W₁ᵀ + b₁,   h = max(z, 0),   s = h W₂ᵀ + b₂,   L = −1/n Σ log softmax(s)[target]

Backwards, from the loss to the inputs, with δ = ∂L/∂(what comes before a nonlinearity):

    δₛ = (softmax(s) − y) / n,   ∂L/∂W₂ = δₛᵀ h,   ∂L/∂b₂ = Σ δₛ
    δ_z = δₛ W₂ ⊙ [z > 0],       ∂L/∂W₁ = δ_zᵀ x,   ∂L/∂b₁ = Σ δ_z,   ∂L/∂x = δ_z W₁
"""

import torch
from torch import Tensor


def forward(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    hidden = (x @ w1.mT + b1).clamp(min=0)  # (…, h)
    return hidden @ w2.mT + b2  # (…, c)


def backprop(
    x: Tensor, target: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    rows, label = x.reshape(-1, x.shape[-1]), target.reshape(-1, 1)  # (n, d), (n, 1)
    z = rows @ w1.mT + b1  # (n, h)
    hidden = z.clamp(min=0)
    logits = hidden @ w2.mT + b2  # (n, c)
    log_p = logits.log_softmax(dim=1)
    loss = -log_p.gather(1, label).mean()

    p = log_p.exp()
    y = torch.zeros_like(p).scatter(1, label, 1.0)  # one-hot
    d_logits = (p - y) / len(rows)
    d_hidden = d_logits @ w2  # (n, h)
    d_z = d_hidden * (z > 0)
    d_x = d_z @ w1  # (n, d)
    gradients = {
        "x": d_x.reshape(x.shape),
        "w1": d_z.mT @ rows,
        "b1": d_z.sum(dim=0),
        "w2": d_logits.mT @ hidden,
        "b2": d_logits.sum(dim=0),
    }
    return loss, gradients
