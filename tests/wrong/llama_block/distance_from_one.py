# mistake: The norm keeps γ as its distance from one, zeros at first.
# bug: one_plus_weight
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Norm(nn.Module):
    def __init__(self, d_model, eps):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.zeros(d_model))

    def forward(self, x):
        wide = x if x.dtype == torch.float64 else x.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)
        return (1 + self.weight) * wide.to(x.dtype)


def rope(x, start, base):
    T, d = x.shape[-2:]
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    theta = base ** (-torch.arange(0, d, 2, device=x.device, dtype=dtype) / d)
    m = torch.arange(start, start + T, device=x.device, dtype=dtype)
    angle = m[:, None] * theta
    cos, sin = angle.cos(), angle.sin()
    wide = x.to(dtype)
    a, b = wide[..., 0::2], wide[..., 1::2]
    out = torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1)
    return out.flatten(-2).to(x.dtype)


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
        if d_model % n_heads or n_heads % n_kv_heads or (d_model // n_heads) % 2:
            raise ValueError("d_model, n_heads and n_kv_heads do not fit")
        self.H, self.G, self.d, self.base = n_heads, n_kv_heads, d_model // n_heads, base
        self.attn_norm = Norm(d_model, eps)
        self.ffn_norm = Norm(d_model, eps)
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, self.G * self.d, bias=False)
        self.w_v = nn.Linear(d_model, self.G * self.d, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)
        self.w_gate = nn.Linear(d_model, d_ff, bias=False)
        self.w_up = nn.Linear(d_model, d_ff, bias=False)
        self.w_down = nn.Linear(d_ff, d_model, bias=False)

    def forward(
        self, x: Tensor, cache: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        B, T, D = x.shape
        L = 0 if cache is None else cache[0].shape[2]
        n = self.attn_norm(x)
        q = self.w_q(n).view(B, T, self.H, self.d).transpose(1, 2)
        k = self.w_k(n).view(B, T, self.G, self.d).transpose(1, 2)
        v = self.w_v(n).view(B, T, self.G, self.d).transpose(1, 2)
        q = rope(q, L, self.base)
        k = rope(k, L, self.base)
        if cache is not None:
            k = torch.cat([cache[0], k], dim=2)
            v = torch.cat([cache[1], v], dim=2)
        keys = k.repeat_interleave(self.H // self.G, dim=1)
        values = v.repeat_interleave(self.H // self.G, dim=1)
        scores = q @ keys.transpose(-2, -1) / math.sqrt(self.d)
        seen = torch.ones(T, L + T, dtype=torch.bool, device=x.device).tril(L)
        scores = scores.masked_fill(~seen, float("-inf"))
        heads = scores.softmax(-1) @ values
        y = x + self.w_o(heads.transpose(1, 2).reshape(B, T, D))
        n = self.ffn_norm(y)
        return y + self.w_down(F.silu(self.w_gate(n)) * self.w_up(n)), (k, v)
