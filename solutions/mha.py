"""Multi-head self-attention (Vaswani et al., 2017).

    headₕ     = softmax(QₕKₕᵀ / √d) Vₕ      with d = D / H
    output    = Concat(head₀, …, head_{H−1}) Wₒ

Qₕ, Kₕ and Vₕ are the h-th slices, d wide, of three projections of x.
"""

import math

import torch
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(f"{d_model} features cannot be shared among {n_heads} heads")
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor, valid: Tensor | None = None, causal: bool = False) -> Tensor:
        q = self.split(self.w_q(x))  # (B, H, T, d)
        k = self.split(self.w_k(x))  # (B, H, T, d)
        v = self.split(self.w_v(x))  # (B, H, T, d)
        scores = q @ k.mT / math.sqrt(q.shape[-1])  # (B, H, T, T): query, key
        if valid is not None:
            scores = scores.masked_fill(~valid[:, None, None, :], -math.inf)
        if causal:
            past = torch.ones_like(scores, dtype=torch.bool).tril()
            scores = scores.masked_fill(~past, -math.inf)
        weights = scores.softmax(dim=-1)  # (B, H, T, T), each row sums to 1
        heads = weights @ v  # (B, H, T, d)
        merged = heads.transpose(1, 2).flatten(start_dim=2)  # (B, T, D), head after head
        return self.w_o(merged)

    def split(self, x: Tensor) -> Tensor:
        apart = x.unflatten(-1, (self.n_heads, -1))  # (B, T, H, d)
        return apart.transpose(1, 2)  # (B, H, T, d)
