import math

import torch
from torch import nn


class GroupedQueryAttention(nn.Module):
    """A loop over the query heads, each with the slices of weights that are its own."""

    def __init__(self, d_model, n_heads, n_kv_heads):
        if d_model % n_heads != 0:
            raise ValueError("n_heads")
        if n_heads % n_kv_heads != 0:
            raise ValueError("n_kv_heads")
        super().__init__()
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads
        self.head_dim = d_model // n_heads
        width = self.head_dim * n_kv_heads
        for name, size in (("w_q", d_model), ("w_k", width), ("w_v", width), ("w_o", d_model)):
            setattr(self, name, nn.Linear(d_model, size, bias=False))

    def forward(self, x, mask=None):
        outputs = []
        for h in range(self.n_heads):
            g = h * self.n_kv_heads // self.n_heads
            mine = slice(h * self.head_dim, (h + 1) * self.head_dim)
            shared = slice(g * self.head_dim, (g + 1) * self.head_dim)
            q = x @ self.w_q.weight[mine].T
            k, v = x @ self.w_k.weight[shared].T, x @ self.w_v.weight[shared].T
            scores = q @ k.transpose(-2, -1) / math.sqrt(self.head_dim)
            if mask is not None:
                scores = scores.masked_fill(mask.logical_not(), float("-inf"))
            outputs.append(torch.softmax(scores, dim=-1) @ v)
        return torch.cat(outputs, dim=-1) @ self.w_o.weight.T
