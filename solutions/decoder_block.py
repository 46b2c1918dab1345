"""A decoder block (Vaswani et al., 2017), pre-norm, that can go on from a cache.

With self-attention A, cross-attention C to the memory M, and FFN(z) = ReLU(z W₁ᵀ + b₁) W₂ᵀ + b₂:

    asked    = x + A(LN₁(x))
    answered = asked + C(LN₂(asked), M)
    output   = answered + FFN(LN₃(answered))
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Cache = tuple[Tensor, Tensor, Tensor, Tensor]


class Attention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        super().__init__()
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)  # (B, T, D) → (B, H, T, d)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        k = self.split(self.w_k(source))  # (B, H, S, d)
        v = self.split(self.w_v(source))  # (B, H, S, d)
        return k, v

    def forward(self, x: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        q = self.split(self.w_q(x))  # (B, H, T, d)
        scores = q @ k.mT / math.sqrt(q.shape[-1])  # (B, H, T, L + T) or (B, H, T, S)
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        weights = scores.softmax(dim=-1)
        heads = weights @ v  # (B, H, T, d)
        merged = heads.transpose(1, 2).flatten(2)  # (B, T, D)
        return self.w_o(merged)


class DecoderBlock(nn.Module):
    def __init__(self, d_model: int, n_heads: int, d_ff: int):
        super().__init__()
        self.self_attn = Attention(d_model, n_heads)
        self.cross_attn = Attention(d_model, n_heads)
        self.ff1 = nn.Linear(d_model, d_ff)
        self.ff2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.norm3 = nn.LayerNorm(d_model)

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        valid: Tensor | None = None,
        cache: Cache | None = None,
    ) -> tuple[Tensor, Cache]:
        normed = self.norm1(x)
        k, v = self.self_attn.encode(normed)  # of the new tokens
        if cache is None:
            memory_k, memory_v = self.cross_attn.encode(memory)  # once for a whole text
        else:
            past_k, past_v, memory_k, memory_v = cache
            k = torch.cat([past_k, k], dim=2)  # (B, H, L + T, d)
            v = torch.cat([past_v, v], dim=2)
        new, seen = x.shape[1], k.shape[2]  # T, L + T
        everything = torch.ones(new, seen, dtype=torch.bool, device=x.device)
        causal = everything.tril(seen - new)  # row i: 0 … L + i
        asked = x + self.self_attn(normed, k, v, causal)
        real = None if valid is None else valid[:, None, None, :]  # (B, 1, 1, S)
        answered = asked + self.cross_attn(self.norm2(asked), memory_k, memory_v, real)
        hidden = F.relu(self.ff1(self.norm3(answered)))  # (B, T, d_ff)
        output = answered + self.ff2(hidden)
        return output, (k, v, memory_k, memory_v)
