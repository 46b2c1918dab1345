"""Grouped-query attention (Ainslie et al., 2023).

H query heads share G heads of keys and values: query head h uses the key/value head g = ⌊h · G/H⌋.

    headₕ  = softmax(Qₕ K_gᵀ / √d) V_g      with d = D / H
    output = Concat(head₀, …, head_{H−1}) Wₒ

G = H is multi-head attention, G = 1 multi-query attention.
"""

import math

from torch import Tensor, nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int, n_kv_heads: int):
        super().__init__()
        if d_model % n_heads != 0 or n_heads % n_kv_heads != 0:
            raise ValueError(f"{n_kv_heads} must divide {n_heads}, which must divide {d_model}")
        self.d_head = d_model // n_heads
        self.sharers = n_heads // n_kv_heads  # query heads to a key/value head
        kv_width = n_kv_heads * self.d_head
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, kv_width, bias=False)
        self.w_v = nn.Linear(d_model, kv_width, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        q = self.split(self.w_q(x))  # (B, H, T, d)
        few_k = self.split(self.w_k(x))  # (B, G, T, d)
        few_v = self.split(self.w_v(x))  # (B, G, T, d)
        k = few_k.repeat_interleave(self.sharers, dim=1)  # (B, H, T, d): 0, 0, 1, 1, …
        v = few_v.repeat_interleave(self.sharers, dim=1)  # (B, H, T, d)
        scores = q @ k.mT / math.sqrt(self.d_head)  # (B, H, T, T): query, key
        if mask is not None:
            scores = scores.masked_fill(~mask[..., None, :, :], -math.inf)
        weights = scores.softmax(dim=-1)  # (B, H, T, T), each row sums to 1
        heads = weights @ v  # (B, H, T, d)
        merged = heads.transpose(1, 2).flatten(start_dim=2)  # (B, T, D), head after head
        return self.w_o(merged)

    def split(self, x: Tensor) -> Tensor:
        apart = x.unflatten(-1, (-1, self.d_head))  # (B, T, heads, d)
        return apart.transpose(1, 2)  # (B, heads, T, d)
