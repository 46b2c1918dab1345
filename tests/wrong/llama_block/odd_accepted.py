# mistake: An odd d is not refused.
# bug: sizes_accepted
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class Norm(nn.Module):
    def __init__(self, dim, eps):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        dtype = x.dtype
        if dtype != torch.float64:
            x = x.float()
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)
        return self.weight * x.to(dtype)


def rope(x, positions, base):
    kind = torch.float64 if x.dtype == torch.float64 else torch.float32
    d = x.shape[-1]
    inv_freq = 1.0 / (base ** (torch.arange(0, d, 2, device=x.device).to(kind) / d))
    angle = positions[:, None].to(kind) * inv_freq[None, :]
    cos, sin = torch.cos(angle), torch.sin(angle)
    x1, x2 = x[..., 0::2], x[..., 1::2]
    out = torch.stack((x1 * cos - x2 * sin, x1 * sin + x2 * cos), dim=-1)
    return out.reshape(x.shape).to(x.dtype)


class LlamaBlock(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads, d_ff, base=10000.0, eps=1e-6):
        super().__init__()
        if d_model % n_heads != 0 or n_heads % n_kv_heads != 0:
            raise ValueError("bad sizes")
        self.h, self.g, self.d = n_heads, n_kv_heads, d_model // n_heads
        self.base = base
        self.attn_norm = Norm(d_model, eps)
        self.ffn_norm = Norm(d_model, eps)
        self.w_q = nn.Linear(d_model, self.h * self.d, bias=False)
        self.w_k = nn.Linear(d_model, self.g * self.d, bias=False)
        self.w_v = nn.Linear(d_model, self.g * self.d, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)
        self.w_gate = nn.Linear(d_model, d_ff, bias=False)
        self.w_up = nn.Linear(d_model, d_ff, bias=False)
        self.w_down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x, cache=None):
        b, t, width = x.shape
        past = 0 if cache is None else cache[0].shape[2]
        positions = torch.arange(past, past + t, device=x.device)
        h = self.attn_norm(x)
        q = self.w_q(h).view(b, t, self.h, self.d).transpose(1, 2)
        k = self.w_k(h).view(b, t, self.g, self.d).transpose(1, 2)
        v = self.w_v(h).view(b, t, self.g, self.d).transpose(1, 2)
        q, k = rope(q, positions, self.base), rope(k, positions, self.base)
        if cache is not None:
            k = torch.cat([cache[0], k], dim=2)
            v = torch.cat([cache[1], v], dim=2)
        cache = (k, v)
        k = k.repeat_interleave(self.h // self.g, dim=1)
        v = v.repeat_interleave(self.h // self.g, dim=1)
        scores = q @ k.transpose(-2, -1) / math.sqrt(self.d)
        keys = torch.arange(past + t, device=x.device)
        scores = scores.masked_fill(keys[None, :] > positions[:, None], float("-inf"))
        out = torch.softmax(scores, dim=-1) @ v
        x = x + self.w_o(out.transpose(1, 2).reshape(b, t, width))
        h = self.ffn_norm(x)
        x = x + self.w_down(F.silu(self.w_gate(h)) * self.w_up(h))
        return x, cache
