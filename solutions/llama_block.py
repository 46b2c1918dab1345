"""A block of Llama (Touvron et al., 2023) with grouped-query attention and a cache.

    y      = x + A(RMSNorm(x))                          A: causal, H query heads, G heads of keys and values
    output = y + W_down (SiLU(W_gate n) ⊙ W_up n)       n = RMSNorm(y)

Queries and keys of the token at position m are turned by RoPE: pair i by the angle m θᵢ, θᵢ = base^(−2i/d).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Norm(nn.Module):
    def __init__(self, d_model: int, eps: float):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))  # γ

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))  # squares of float16 overflow
        rms = torch.sqrt(wide.square().mean(-1, keepdim=True) + self.eps)  # (B, T, 1)
        normed = wide / rms
        return self.weight * normed.to(x.dtype)


def rotate(x: Tensor, positions: Tensor, base: float) -> Tensor:
    """RoPE of x (B, heads, T, d), whose tokens stand at `positions` (T)."""
    precise = torch.promote_types(x.dtype, torch.float32)  # half precision can't tell 257 from 256
    even_dims = torch.arange(0, x.shape[-1], 2, dtype=precise, device=x.device)  # 2i
    theta = base ** (-even_dims / x.shape[-1])  # (d/2)
    angles = positions[:, None] * theta  # (T, d/2)
    cos, sin = angles.cos(), angles.sin()
    even, odd = x[..., 0::2], x[..., 1::2]  # (B, heads, T, d/2)
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)  # (B, heads, T, d/2, 2)
    return turned.flatten(-2).to(x.dtype)


class LlamaBlock(nn.Module):
    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_kv_heads: int,
        d_ff: int,
        base: float = 10000.0,
        eps: float = 1e-6,
    ):
        super().__init__()
        if d_model % (2 * n_heads) != 0 or n_heads % n_kv_heads != 0:
            raise ValueError(f"{d_model} features, {n_heads} heads, {n_kv_heads} of keys and values")
        self.d_head = d_model // n_heads
        self.sharers = n_heads // n_kv_heads  # query heads to a head of keys and values
        self.base = base
        kv_width = n_kv_heads * self.d_head
        self.attn_norm = Norm(d_model, eps)
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, kv_width, bias=False)
        self.w_v = nn.Linear(d_model, kv_width, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)
        self.ffn_norm = Norm(d_model, eps)
        self.w_gate = nn.Linear(d_model, d_ff, bias=False)
        self.w_up = nn.Linear(d_model, d_ff, bias=False)
        self.w_down = nn.Linear(d_ff, d_model, bias=False)

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.d_head)).transpose(1, 2)  # (B, T, …) → (B, heads, T, d)

    def forward(
        self, x: Tensor, cache: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        start = 0 if cache is None else cache[0].shape[2]  # L
        positions = torch.arange(start, start + x.shape[1], device=x.device)
        normed = self.attn_norm(x)
        q = rotate(self.split(self.w_q(normed)), positions, self.base)  # (B, H, T, d)
        k = rotate(self.split(self.w_k(normed)), positions, self.base)  # (B, G, T, d)
        v = self.split(self.w_v(normed))  # (B, G, T, d)
        if cache is not None:
            k = torch.cat([cache[0], k], dim=2)  # (B, G, L + T, d)
            v = torch.cat([cache[1], v], dim=2)
        y = x + self.attention(q, k, v)
        thought = self.ffn_norm(y)
        gated = F.silu(self.w_gate(thought)) * self.w_up(thought)  # (B, T, d_ff)
        output = y + self.w_down(gated)
        return output, (k, v)

    def attention(self, q: Tensor, few_k: Tensor, few_v: Tensor) -> Tensor:
        k = few_k.repeat_interleave(self.sharers, dim=1)  # (B, H, L + T, d): heads 0, 0, 1, 1, …
        v = few_v.repeat_interleave(self.sharers, dim=1)
        scores = q @ k.mT / math.sqrt(self.d_head)  # (B, H, T, L + T)
        new, seen = scores.shape[-2:]
        past = torch.ones(new, seen, dtype=torch.bool, device=q.device).tril(seen - new)  # row i: 0 … L + i
        weights = scores.masked_fill(~past, -math.inf).softmax(dim=-1)
        heads = weights @ v  # (B, H, T, d)
        merged = heads.transpose(1, 2).flatten(2)  # (B, T, D)
        return self.w_o(merged)
