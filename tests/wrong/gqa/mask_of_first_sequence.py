# mistake: Of a mask for each sequence only the first is used.
# line: 25, 26
import math

import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads != 0 or n_heads % n_kv_heads != 0:
            raise ValueError("sizes")
        self.d, self.times = d_model // n_heads, n_heads // n_kv_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, n_kv_heads * self.d, bias=False)
        self.w_v = nn.Linear(d_model, n_kv_heads * self.d, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, mask=None):
        q, k, v = (w(x).unflatten(-1, (-1, self.d)).transpose(1, 2) for w in (self.w_q, self.w_k, self.w_v))
        k, v = k.repeat_interleave(self.times, 1), v.repeat_interleave(self.times, 1)
        scores = q @ k.mT / math.sqrt(self.d)
        if mask is not None:
            mask = mask.reshape(-1, *mask.shape[-2:])[0]
            scores = scores.masked_fill(~mask, -math.inf)
        weights = scores.softmax(-1)
        return self.w_o((weights @ v).transpose(1, 2).flatten(2))
