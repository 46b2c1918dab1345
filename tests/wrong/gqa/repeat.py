# mistake: Key/value heads are tiled with repeat, so query head h uses head h mod G.
# bug: tiled
# line: 26, 27
import math

import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads or n_heads % n_kv_heads:
            raise ValueError("indivisible")
        self.n_heads, self.n_kv_heads, self.head_dim = n_heads, n_kv_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, n_heads * self.head_dim, bias=False)
        self.w_k = nn.Linear(d_model, n_kv_heads * self.head_dim, bias=False)
        self.w_v = nn.Linear(d_model, n_kv_heads * self.head_dim, bias=False)
        self.w_o = nn.Linear(n_heads * self.head_dim, d_model, bias=False)

    def forward(self, x, mask=None):
        B, T, _ = x.shape
        q = self.w_q(x).view(B, T, self.n_heads, self.head_dim).transpose(1, 2)
        k = self.w_k(x).view(B, T, self.n_kv_heads, self.head_dim).transpose(1, 2)
        v = self.w_v(x).view(B, T, self.n_kv_heads, self.head_dim).transpose(1, 2)
        k = k.repeat(1, self.n_heads // self.n_kv_heads, 1, 1)
        v = v.repeat(1, self.n_heads // self.n_kv_heads, 1, 1)
        att = (q @ k.transpose(-2, -1)) / math.sqrt(self.head_dim)
        if mask is not None:
            mask = mask[None, None] if mask.dim() == 2 else mask[:, None]
            att = att.masked_fill(mask == 0, float("-inf"))
        y = torch.softmax(att, dim=-1) @ v
        return self.w_o(y.transpose(1, 2).contiguous().view(B, T, -1))
