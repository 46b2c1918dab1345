# mistake: The causal mask of the first call is kept and cut down for later ones, but never grows.
# line: 28
import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("heads")
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model)
        self.w_k = nn.Linear(d_model, d_model)
        self.w_v = nn.Linear(d_model, d_model)
        self.w_o = nn.Linear(d_model, d_model)
        self.future = None

    def hide(self, scores, causal):
        t = scores.shape[-1]
        if not causal:
            return scores
        if self.future is None:
            self.future = torch.ones(64, 64, dtype=torch.bool, device=scores.device).triu(1)
            self.future[t:] = False
        return scores.masked_fill(self.future[:t, :t], -math.inf)

    def forward(self, x, valid=None, causal=False):
        b, t, width = x.shape
        q, k, v = (m(x).view(b, t, self.n_heads, -1).transpose(1, 2) for m in (self.w_q, self.w_k, self.w_v))
        scores = self.hide(q @ k.mT / math.sqrt(width // self.n_heads), causal)
        if valid is not None:
            scores = scores.masked_fill(~valid[:, None, None, :], -math.inf)
        return self.w_o((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, t, width))
