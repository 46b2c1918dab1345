# The cache is a list of pieces; one query, one head at a time, each over just the keys it may see.
import math

import torch
import torch.nn as nn


class KVCache:
    def __init__(self, max_len):
        self.max_len = max_len
        self.pieces = []

    def __len__(self):
        return sum(k.shape[2] for k, _ in self.pieces)

    def append(self, k, v):
        if k.shape[2] > self.max_len - len(self):
            raise ValueError
        self.pieces = self.pieces + [(k.clone(), v.clone())]
        return [torch.cat(parts, 2) for parts in zip(*self.pieces)]

    def truncate(self, length):
        kept = []
        for k, v in self.pieces:
            take = min(length, k.shape[2])
            if take > 0:
                kept.append((k[:, :, :take], v[:, :, :take]))
            length -= take
        self.pieces = kept


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        if n_heads * (d_model // n_heads) != d_model:
            raise ValueError("n_heads must divide d_model")
        super().__init__()
        self.n_heads = n_heads
        for name in ("w_q", "w_k", "w_v", "w_o"):
            self.add_module(name, nn.Linear(d_model, d_model, bias=False))

    def forward(self, x, cache=None):
        q, k, v = (torch.stack(w(x).chunk(self.n_heads, -1), 1) for w in (self.w_q, self.w_k, self.w_v))
        if cache is not None:
            k, v = cache.append(k, v)
        ahead = k.shape[2] - q.shape[2]
        rows = []
        for i in range(q.shape[2]):
            mixed = []
            for h in range(self.n_heads):
                keys, values = k[:, h, : ahead + i + 1], v[:, h, : ahead + i + 1]
                score = (keys * q[:, h, i : i + 1]).sum(-1) / math.sqrt(q.shape[3])
                weight = torch.exp(score - score.max(1, keepdim=True).values)
                weight = weight / weight.sum(1, keepdim=True)
                mixed.append((weight[..., None] * values).sum(1))
            rows.append(torch.cat(mixed, -1))
        return self.w_o(torch.stack(rows, 1))
