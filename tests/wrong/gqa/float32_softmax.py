# mistake: The softmax always runs in float32, as in code written for half precision; float64 loses half its digits.
# bug: softmax_in_float32
# line: 42
import math

import torch
import torch.nn.functional as F
from torch import nn


def repeat_kv(x, times):
    b, t, g, d = x.shape
    if times == 1:
        return x
    return x[:, :, :, None, :].expand(b, t, g, times, d).reshape(b, t, g * times, d)


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(f"{d_model} is not divisible by {n_heads}")
        if n_heads % n_kv_heads != 0:
            raise ValueError(f"{n_heads} is not divisible by {n_kv_heads}")
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads
        self.head_dim = d_model // n_heads
        self.w_q = nn.Linear(d_model, n_heads * self.head_dim, bias=False)
        self.w_k = nn.Linear(d_model, n_kv_heads * self.head_dim, bias=False)
        self.w_v = nn.Linear(d_model, n_kv_heads * self.head_dim, bias=False)
        self.w_o = nn.Linear(n_heads * self.head_dim, d_model, bias=False)

    def forward(self, x, mask=None):
        b, t, _ = x.shape
        times = self.n_heads // self.n_kv_heads
        q = self.w_q(x).view(b, t, self.n_heads, self.head_dim).transpose(1, 2)
        k = repeat_kv(self.w_k(x).view(b, t, self.n_kv_heads, self.head_dim), times).transpose(1, 2)
        v = repeat_kv(self.w_v(x).view(b, t, self.n_kv_heads, self.head_dim), times).transpose(1, 2)
        scores = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(self.head_dim)
        if mask is not None:
            mask = mask.unsqueeze(0) if mask.dim() == 2 else mask
            scores = scores.masked_fill(~mask.unsqueeze(1), float("-inf"))
        scores = F.softmax(scores.float(), dim=-1).type_as(q)
        return self.w_o(torch.matmul(scores, v).transpose(1, 2).contiguous().view(b, t, -1))
