# mistake: The outputs at padded positions are set to zero before the last projection.
# bug: padding_outputs_zeroed
# line: 32
import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError(n_heads)
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def forward(self, x, valid=None, causal=False):
        B, T, D = x.shape
        H, d = self.n_heads, D // self.n_heads
        q, k, v = [w(x).reshape(B, T, H, d).transpose(1, 2) for w in (self.w_q, self.w_k, self.w_v)]
        a = q @ k.transpose(-1, -2) / math.sqrt(d)
        if causal:
            a = a.masked_fill(torch.ones(T, T, device=x.device).triu(1).bool(), -math.inf)
        if valid is not None:
            a = a.masked_fill(valid[:, None, None, :].logical_not(), -math.inf)
        out = (a.softmax(dim=3) @ v).transpose(1, 2).reshape(B, T, D)
        if valid is not None:
            out = out * valid.unsqueeze(-1)
        return self.w_o(out)
