# mistake: A causal mask where no other is given, and no scale: two mistakes.
# bug: causal_too + no_scale
import math

import torch
import torch.nn as nn


class CrossAttention(nn.Module):
    def __init__(self, d_model, n_heads, d_memory=None):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("d_model must be divisible by n_heads")
        if d_memory is None:
            d_memory = d_model
        self.h, self.d = n_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_memory, d_model, bias=False)
        self.w_v = nn.Linear(d_memory, d_model, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def _heads(self, x):
        b, t, _ = x.shape
        return x.view(b, t, self.h, self.d).transpose(1, 2)

    def encode(self, memory):
        return self._heads(self.w_k(memory)), self._heads(self.w_v(memory))

    def forward(self, x, memory=None, valid=None, cache=None):
        if cache is not None:
            k, v = cache
        else:
            k, v = self.encode(memory)
        q = self._heads(self.w_q(x))
        scores = torch.matmul(q, k.transpose(-2, -1))
        if valid is None:
            scores = scores.masked_fill(torch.ones_like(scores).triu(1).bool(), float("-inf"))
        if valid is not None:
            scores = scores.masked_fill(valid.unsqueeze(1).unsqueeze(1) == 0, float("-inf"))
        out = torch.matmul(torch.softmax(scores, dim=-1), v)
        b, t, _ = x.shape
        return self.w_o(out.transpose(1, 2).contiguous().view(b, t, self.h * self.d))
