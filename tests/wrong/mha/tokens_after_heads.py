# mistake: The heads are not moved before the tokens, so heads attend to heads within each token.
# bug: heads_look_at_heads
# line: 27
import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("not divisible")
        self.num_heads, self.head_dim = n_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def forward(self, x, valid=None, causal=False):
        b, n, _ = x.shape
        q = self.w_q(x).view(b, n, self.num_heads, self.head_dim)
        k = self.w_k(x).view(b, n, self.num_heads, self.head_dim)
        v = self.w_v(x).view(b, n, self.num_heads, self.head_dim)

        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(self.head_dim)
        if valid is not None:
            scores = scores.masked_fill(~valid[:, None, None, :], float("-inf"))
        if causal:
            mask = torch.triu(torch.ones_like(scores, dtype=torch.bool), diagonal=1)
            scores = scores.masked_fill(mask, float("-inf"))
        out = torch.matmul(torch.softmax(scores, dim=-1), v)
        return self.w_o(out.reshape(b, n, -1))
