# mistake: The mask gets its head dimension at position 1, which suits (B, T, T) but not (T, T).
# bug: mask_always_batched
# line: 29
import math

import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads != 0 or n_heads % n_kv_heads != 0:
            raise ValueError("sizes")
        self.h, self.g, self.d = n_heads, n_kv_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, self.h * self.d, bias=False)
        self.w_k = nn.Linear(d_model, self.g * self.d, bias=False)
        self.w_v = nn.Linear(d_model, self.g * self.d, bias=False)
        self.w_o = nn.Linear(self.h * self.d, d_model, bias=False)

    def forward(self, x, mask=None):
        b, t, _ = x.shape
        q = self.w_q(x).view(b, t, self.h, self.d).transpose(1, 2)
        k = self.w_k(x).view(b, t, self.g, self.d).transpose(1, 2)
        v = self.w_v(x).view(b, t, self.g, self.d).transpose(1, 2)
        k, v = (y.repeat_interleave(self.h // self.g, 1) for y in (k, v))
        scores = q @ k.transpose(2, 3) * (1 / math.sqrt(self.d))
        if mask is not None:
            scores = scores.masked_fill(~mask.unsqueeze(1), -math.inf)
        out = scores.softmax(-1) @ v
        return self.w_o(out.transpose(1, 2).reshape(b, t, -1))
