# mistake: Only the tokens of one call are held against max_len.
# line: 19
# bug: room_for_one_more
import math

import torch
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.max_len = max_len
        self.pieces = []

    def __len__(self):
        return sum(piece[0].shape[2] for piece in self.pieces)

    def append(self, k, v):
        if k.shape[2] > self.max_len:
            raise ValueError("does not fit")
        self.pieces.append((k, v))
        return tuple(torch.cat(parts, dim=2) for parts in zip(*self.pieces))

    def truncate(self, length):
        if self.pieces:
            joined = [torch.cat(parts, dim=2)[:, :, :length] for parts in zip(*self.pieces)]
            self.pieces = [tuple(joined)]


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("d_model must be a multiple of n_heads")
        self.n_heads, self.scale = n_heads, 1 / math.sqrt(d_model // n_heads)
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, d_model, bias=False)
        self.w_v = nn.Linear(d_model, d_model, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, cache=None):
        b, t, width = x.shape
        q, k, v = [
            w(x).view(b, t, self.n_heads, -1).permute(0, 2, 1, 3) for w in (self.w_q, self.w_k, self.w_v)
        ]
        if cache is not None:
            k, v = cache.append(k, v)
        n = k.shape[2]
        rows = []
        for i in range(t):
            upto = n - t + i + 1
            p = torch.softmax(q[:, :, i : i + 1] @ k[:, :, :upto].mT * self.scale, dim=-1)
            rows.append(p @ v[:, :, :upto])
        return self.w_o(torch.cat(rows, dim=2).permute(0, 2, 1, 3).reshape(b, t, width))
