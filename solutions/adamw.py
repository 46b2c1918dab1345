"""AdamW: Adam, with weight decay that goes past the moments."""

from collections.abc import Iterable

import torch
from torch import Tensor


class AdamW:
    """Loshchilov & Hutter (2019). The t-th update of a parameter θ with gradient g:

    m ← β₁ m + (1 − β₁) g         m̂ = m / (1 − β₁ᵗ)
    v ← β₂ v + (1 − β₂) g²        v̂ = v / (1 − β₂ᵗ)
    θ ← θ − lr · m̂ / (√v̂ + ε) − lr · λ · θ
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ):
        self.params = list(params)
        self.lr, self.betas, self.eps = lr, betas, eps
        self.weight_decay = weight_decay  # λ
        self.t = [0 for _ in self.params]
        self.m = [torch.zeros_like(p) for p in self.params]
        self.v = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self) -> None:
        beta1, beta2 = self.betas
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = p.grad
            self.t[i] += 1
            t = self.t[i]
            m = self.m[i].mul_(beta1).add_(g, alpha=1 - beta1)
            v = self.v[i].mul_(beta2).addcmul_(g, g, value=1 - beta2)
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            update = self.lr * m_hat / (v_hat.sqrt() + self.eps)
            decay = self.lr * self.weight_decay * p
            p -= update + decay
