# mistake: Query head h uses key/value head min(h, G - 1).
# line: 22
import math

import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    def __init__(self, d_model, n_heads, n_kv_heads):
        super().__init__()
        if d_model % n_heads != 0 or n_heads % n_kv_heads != 0:
            raise ValueError("sizes")
        self.d = d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, n_kv_heads * self.d, bias=False)
        self.w_v = nn.Linear(d_model, n_kv_heads * self.d, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)
        self.owner = [min(h, n_kv_heads - 1) for h in range(n_heads)]

    def shared(self, y):
        return y.unflatten(-1, (-1, self.d)).transpose(1, 2)[:, self.owner]

    def forward(self, x, mask=None):
        q = self.w_q(x).unflatten(-1, (-1, self.d)).transpose(1, 2)
        k, v = self.shared(self.w_k(x)), self.shared(self.w_v(x))
        scores = q @ k.mT / math.sqrt(self.d)
        if mask is not None:
            scores = scores.masked_fill(~mask.unsqueeze(-3), -math.inf)
        return self.w_o((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
