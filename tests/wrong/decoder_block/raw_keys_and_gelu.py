# mistake: Keys and values come from x without its norm, and GELU stands for ReLU (two mistakes).
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Cache = tuple[Tensor, Tensor, Tensor, Tensor]


class Attention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n_heads = n_heads
        self.d = d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def split(self, t):
        B, T, D = t.shape
        return t.view(B, T, self.n_heads, self.d).transpose(1, 2)

    def forward(self, q_in, k, v, mask=None):
        q = self.split(self.w_q(q_in))
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.d)
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        weights = torch.softmax(scores, dim=-1)
        out = (weights @ v).transpose(1, 2).reshape(q_in.shape)
        return self.w_o(out)


class DecoderBlock(nn.Module):
    def __init__(self, d_model: int, n_heads: int, d_ff: int):
        super().__init__()
        self.self_attn = Attention(d_model, n_heads)
        self.cross_attn = Attention(d_model, n_heads)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.norm3 = nn.LayerNorm(d_model)
        self.ff1 = nn.Linear(d_model, d_ff)
        self.ff2 = nn.Linear(d_ff, d_model)

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        valid: Tensor | None = None,
        cache: Cache | None = None,
    ) -> tuple[Tensor, Cache]:
        h = self.norm1(x)
        k = self.self_attn.split(self.self_attn.w_k(x))
        v = self.self_attn.split(self.self_attn.w_v(x))
        if cache is None:
            memory_k = self.cross_attn.split(self.cross_attn.w_k(memory))
            memory_v = self.cross_attn.split(self.cross_attn.w_v(memory))
        else:
            old_k, old_v, memory_k, memory_v = cache
            k = torch.cat([old_k, k], dim=2)
            v = torch.cat([old_v, v], dim=2)
        T, total = x.shape[1], k.shape[2]
        causal = torch.ones(T, total, dtype=torch.bool, device=x.device).tril(total - T)
        y = x + self.self_attn(h, k, v, causal)
        mask = None if valid is None else valid[:, None, None, :]
        z = y + self.cross_attn(self.norm2(y), memory_k, memory_v, mask)
        output = z + self.ff2(F.gelu(self.ff1(self.norm3(z))))
        return output, (k, v, memory_k, memory_v)
