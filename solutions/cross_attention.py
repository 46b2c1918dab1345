"""Cross-attention: the decoder asks, the encoder's memory answers (Vaswani et al., 2017).

headₕ  = softmax(QₕKₕᵀ / √d) Vₕ,   Q = x W_qᵀ,   K = M W_kᵀ,   V = M W_vᵀ
output = Concat(head₀, …, head_{H−1}) W_oᵀ
"""

import math

from torch import Tensor, nn


class CrossAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, d_memory: int | None = None):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(f"{d_model} features cannot be shared among {n_heads} heads")
        d_memory = d_model if d_memory is None else d_memory
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_memory, d_model, bias=False)
        self.w_v = nn.Linear(d_memory, d_model, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def split(self, x: Tensor) -> Tensor:
        apart = x.unflatten(-1, (self.n_heads, -1))  # (B, T, H, d)
        return apart.transpose(1, 2)  # (B, H, T, d)

    def encode(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        k = self.split(self.w_k(memory))  # (B, H, S, d)
        v = self.split(self.w_v(memory))  # (B, H, S, d)
        return k, v

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        valid: Tensor | None = None,
        cache: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        k, v = self.encode(memory) if cache is None else cache
        q = self.split(self.w_q(x))  # (B, H, T, d)
        scores = q @ k.mT / math.sqrt(q.shape[-1])  # (B, H, T, S): query, source token
        if valid is not None:
            scores = scores.masked_fill(~valid[:, None, None, :], -math.inf)
        weights = scores.softmax(dim=-1)  # each row sums to 1
        heads = weights @ v  # (B, H, T, d)
        merged = heads.transpose(1, 2).flatten(start_dim=2)  # (B, T, D), head after head
        return self.w_o(merged)
