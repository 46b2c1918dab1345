# mistake: Each bias starts as a copy of a column of its weight instead of being drawn.
# line: 18
import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("d_model must be a multiple of n_heads")
        self.n_heads = n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model) for _ in range(4))
        with torch.no_grad():
            for layer in (self.w_q, self.w_k, self.w_v, self.w_o):
                layer.bias.copy_(layer.weight[:, 0])

    def forward(self, x, valid=None, causal=False):
        B, T, D = x.shape
        q, k, v = (w(x).view(B, T, self.n_heads, -1).transpose(1, 2) for w in (self.w_q, self.w_k, self.w_v))
        scores = q @ k.transpose(-1, -2) / math.sqrt(D // self.n_heads)
        if valid is not None:
            scores = scores.masked_fill(~valid[:, None, None], float("-inf"))
        if causal:
            scores = scores.masked_fill(torch.ones(T, T, device=x.device).triu(1).bool(), float("-inf"))
        return self.w_o((scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D))
