"""One sequence, one head, one query at a time."""

import torch
from torch import nn


class CrossAttention(nn.Module):
    def __init__(self, d_model, n_heads, d_memory=None):
        super().__init__()
        if d_model != n_heads * (d_model // n_heads):
            raise ValueError(f"{n_heads} heads, {d_model} features")
        self.n_heads = n_heads
        for name, inputs in (
            ("w_q", d_model),
            ("w_k", d_memory or d_model),
            ("w_v", d_memory or d_model),
            ("w_o", d_model),
        ):
            setattr(self, name, nn.Linear(inputs, d_model, bias=False))

    def encode(self, memory):
        k, v = self.w_k(memory), self.w_v(memory)
        return torch.stack(k.chunk(self.n_heads, -1), 1), torch.stack(v.chunk(self.n_heads, -1), 1)

    def forward(self, x, memory=None, valid=None, cache=None):
        keys, values = cache or self.encode(memory)
        queries = self.w_q(x)
        d = queries.shape[-1] // self.n_heads
        texts = []
        for b in range(x.shape[0]):
            real = None if valid is None else valid[b].nonzero()[:, 0]
            rows = []
            for t in range(x.shape[1]):
                parts = []
                for h in range(self.n_heads):
                    k, v = keys[b, h], values[b, h]
                    if real is not None:
                        k, v = k[real], v[real]
                    scores = k @ queries[b, t, h * d : (h + 1) * d] / d**0.5
                    weights = (scores - scores.max().detach()).exp()
                    parts.append((weights / weights.sum()) @ v)
                rows.append(torch.cat(parts))
            texts.append(torch.stack(rows))
        return self.w_o(torch.stack(texts))
