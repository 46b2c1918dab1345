"""As in a textbook, with complex numbers for RoPE and queries kept in groups, so that no head is copied."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class Scale(nn.Module):
    def __init__(self, d, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(d)), eps

    def forward(self, x):
        y = x if x.dtype == torch.float64 else x.float()
        y = y * torch.rsqrt(y.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        return (y * self.weight.to(y.dtype)).to(x.dtype)


class LlamaBlock(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads, d_ff, base=10000.0, eps=1e-6):
        super().__init__()
        if d_model % n_heads or n_heads % n_kv_heads or d_model // n_heads % 2:
            raise ValueError("sizes do not fit")
        self.n_heads, self.n_kv_heads, self.d = n_heads, n_kv_heads, d_model // n_heads
        self.base = base
        self.w_q = nn.Linear(d_model, n_heads * self.d, bias=False)
        self.w_k = nn.Linear(d_model, n_kv_heads * self.d, bias=False)
        self.w_v = nn.Linear(d_model, n_kv_heads * self.d, bias=False)
        self.w_o = nn.Linear(n_heads * self.d, d_model, bias=False)
        self.w_gate = nn.Linear(d_model, d_ff, bias=False)
        self.w_up = nn.Linear(d_model, d_ff, bias=False)
        self.w_down = nn.Linear(d_ff, d_model, bias=False)
        self.attn_norm, self.ffn_norm = Scale(d_model, eps), Scale(d_model, eps)

    def turn(self, x, start):
        wide = x if x.dtype == torch.float64 else x.float()
        pairs = torch.view_as_complex(wide.reshape(*x.shape[:-1], -1, 2).contiguous())
        steps = torch.arange(0, self.d, 2, device=x.device).to(wide.dtype) / self.d
        where = torch.arange(start, start + x.size(1), device=x.device).to(wide.dtype)
        angles = torch.outer(where, 1.0 / self.base**steps)
        turned = pairs * torch.polar(torch.ones_like(angles), angles)[:, None]
        return torch.view_as_real(turned).flatten(-2).to(x.dtype)

    def forward(self, x, cache=None):
        b, t, _ = x.shape
        start = cache[0].size(2) if cache is not None else 0
        h = self.attn_norm(x)
        q = self.turn(self.w_q(h).view(b, t, self.n_heads, self.d), start).transpose(1, 2)
        k = self.turn(self.w_k(h).view(b, t, self.n_kv_heads, self.d), start).transpose(1, 2)
        v = self.w_v(h).view(b, t, self.n_kv_heads, self.d).transpose(1, 2)
        if cache is not None:
            k, v = torch.cat((cache[0], k), dim=2), torch.cat((cache[1], v), dim=2)
        q = q.reshape(b, self.n_kv_heads, -1, t, self.d)
        scores = torch.matmul(q, k.unsqueeze(2).transpose(-2, -1)) / math.sqrt(self.d)
        future = torch.ones(t, start + t, dtype=torch.bool, device=x.device).triu(start + 1)
        scores = scores.masked_fill(future, float("-inf"))
        out = torch.matmul(torch.softmax(scores, dim=-1), v.unsqueeze(2))
        x = x + self.w_o(out.flatten(1, 2).transpose(1, 2).reshape(b, t, -1))
        h = self.ffn_norm(x)
        return x + self.w_down(F.silu(self.w_gate(h)) * self.w_up(h)), (k, v)
