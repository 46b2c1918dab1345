"""Causal self-attention with a cache of keys and values.

The query at position t needs k₀ … k_t and v₀ … v_t, and those of the past never change: they are computed once
and kept. With L tokens in the cache and T new ones in x, the new query i stands at position L + i, so

    outputᵢ = softmax(qᵢ Kᵀ / √d, over the keys 0 … L + i) V      K, V: L + T rows
"""

import math

import torch
from torch import Tensor, nn


class KVCache:
    def __init__(self, max_len: int):
        self.max_len = max_len
        self.length = 0
        self.k = self.v = None  # allocated once, when their sizes are known

    def __len__(self) -> int:
        return self.length

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        start = self.length
        stop = start + k.shape[-2]
        if stop > self.max_len:
            raise ValueError(f"{stop} tokens do not fit into a cache of {self.max_len}")
        if self.k is None:
            room = *k.shape[:2], self.max_len, k.shape[-1]
            self.k = k.new_zeros(room)  # (B, H, max_len, d)
            self.v = v.new_zeros(room)
        self.k[:, :, start:stop] = k
        self.v[:, :, start:stop] = v
        self.length = stop
        return self.k[:, :, :stop], self.v[:, :, :stop]

    def truncate(self, length: int) -> None:
        self.length = length  # what lies behind it will be overwritten


class CachedAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(f"{d_model} features cannot be shared among {n_heads} heads")
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, d_model, bias=False)
        self.w_v = nn.Linear(d_model, d_model, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        q = self.split(self.w_q(x))  # (B, H, T, d)
        k = self.split(self.w_k(x))  # (B, H, T, d)
        v = self.split(self.w_v(x))  # (B, H, T, d)
        if cache is not None:
            k, v = cache.append(k, v)  # (B, H, L + T, d)
        new, seen = q.shape[-2], k.shape[-2]  # T, L + T
        scores = q @ k.mT / math.sqrt(q.shape[-1])  # (B, H, T, L + T)
        past = torch.ones_like(scores, dtype=torch.bool).tril(diagonal=seen - new)  # row i: 0 … L + i
        scores = scores.masked_fill(~past, -math.inf)
        weights = scores.softmax(dim=-1)  # (B, H, T, L + T), each row sums to 1
        heads = weights @ v  # (B, H, T, d)
        merged = heads.transpose(1, 2).flatten(start_dim=2)  # (B, T, D), head after head
        return self.w_o(merged)

    def split(self, x: Tensor) -> Tensor:
        apart = x.unflatten(-1, (self.n_heads, -1))  # (B, T, H, d)
        return apart.transpose(1, 2)  # (B, H, T, d)
