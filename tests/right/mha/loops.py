import math

import torch
from torch import nn


class MultiHeadAttention(nn.Module):
    """A loop over sequences, heads and queries; each query gathers only the keys it may see."""

    def __init__(self, d_model, n_heads):
        if d_model % n_heads:
            raise ValueError(f"{n_heads=} does not divide {d_model=}")
        super().__init__()
        self.heads, self.width = n_heads, d_model // n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model) for _ in range(4))

    def one_query(self, q, keys, values):
        scores = (keys * q).sum(-1) / math.sqrt(self.width)
        parts = torch.exp(scores - scores.max())
        return (parts / parts.sum()) @ values

    def forward(self, x, valid=None, causal=False):
        outputs = []
        for b, sequence in enumerate(x):
            q, k, v = self.w_q(sequence), self.w_k(sequence), self.w_v(sequence)
            rows = []
            for t in range(len(sequence)):
                seen = [
                    s
                    for s in range(len(sequence))
                    if (valid is None or valid[b, s]) and not (causal and s > t)
                ]
                cuts = [slice(h * self.width, (h + 1) * self.width) for h in range(self.heads)]
                rows.append(torch.cat([self.one_query(q[t, c], k[seen, c], v[seen, c]) for c in cuts]))
            outputs.append(torch.stack(rows))
        return self.w_o(torch.stack(outputs))
