"""Each sequence, head and query by itself; padding and future are cut away instead of masked."""

import math

import torch
from torch import nn


class TransformerBlock(nn.Module):
    def __init__(self, d_model, n_heads, d_ff, dropout=0.1, norm_first=True):
        super().__init__()
        self.heads, self.width, self.norm_first = n_heads, d_model // n_heads, norm_first
        for name in ("w_q", "w_k", "w_v", "w_o"):
            self.add_module(name, nn.Linear(d_model, d_model))
        self.ff1 = nn.Linear(d_model, d_ff)
        self.ff2 = nn.Linear(d_ff, d_model)
        self.norm1 = nn.LayerNorm(d_model)
        self.norm2 = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def look(self, q, k, v):
        """One query, the keys it may see, one head."""
        scores = k @ q / math.sqrt(self.width)
        return scores.softmax(0) @ v

    def attend(self, x, valid, causal):
        sequences = []
        for b in range(x.shape[0]):
            q, k, v = self.w_q(x[b]), self.w_k(x[b]), self.w_v(x[b])
            rows = []
            for t in range(x.shape[1]):
                seen = torch.ones(x.shape[1], dtype=torch.bool) if valid is None else valid[b].cpu().clone()
                if causal:
                    seen[t + 1 :] = False
                seen = seen.nonzero()[:, 0].to(x.device)
                heads = [slice(h * self.width, (h + 1) * self.width) for h in range(self.heads)]
                rows.append(torch.cat([self.look(q[t, h], k[seen][:, h], v[seen][:, h]) for h in heads]))
            sequences.append(torch.stack(rows))
        return self.w_o(torch.stack(sequences))

    def think(self, x):
        hidden = self.ff1(x)
        gelu = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
        return self.ff2(gelu)

    def forward(self, x, valid=None, causal=False):
        if self.norm_first:
            x = x + self.dropout(self.attend(self.norm1(x), valid, causal))
            return x + self.dropout(self.think(self.norm2(x)))
        x = self.norm1(x + self.dropout(self.attend(x, valid, causal)))
        return self.norm2(x + self.dropout(self.think(x)))
