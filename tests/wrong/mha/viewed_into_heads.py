# mistake: Heads are made and joined by view alone, so each head works on whole tokens instead of on slices of the features.
# bug: views_both_ways
# line: 24, 30
import torch
import torch.nn as nn
import torch.nn.functional as F


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("d_model must be divisible by n_heads")
        self.d_k = d_model // n_heads
        self.h = n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)

    def forward(self, x, valid=None, causal=False):
        B, T, D = x.size()
        q, k, v = (f(x) for f in (self.w_q, self.w_k, self.w_v))
        q, k, v = (z.contiguous().view(B, self.h, T, self.d_k) for z in (q, k, v))
        att = torch.matmul(q, k.transpose(-2, -1)) / self.d_k**0.5
        if valid is not None:
            att = att.masked_fill(valid.view(B, 1, 1, T) == 0, float("-inf"))
        if causal:
            att = att.masked_fill(torch.tril(torch.ones(T, T, device=x.device)) == 0, float("-inf"))
        return self.w_o((F.softmax(att, dim=-1) @ v).view(B, T, D))
