# mistake: nn.Linear has a bias unless told otherwise.
# line: 34
# bug: biases
import math

import torch
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.max_len = max_len
        self.k = self.v = torch.empty(0)

    def __len__(self):
        return self.k.shape[2] if self.k.dim() == 4 else 0

    def append(self, k, v):
        if len(self):
            k, v = torch.cat((self.k, k), 2), torch.cat((self.v, v), 2)
        if k.shape[2] > self.max_len:
            raise ValueError("cache is full")
        self.k, self.v = k, v
        return k, v

    def truncate(self, length):
        if len(self):
            self.k, self.v = self.k[:, :, :length], self.v[:, :, :length]


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model) for _ in range(4))
        if d_model % n_heads != 0:
            raise ValueError("bad sizes")
        self.n_heads = n_heads

    def forward(self, x, cache=None):
        b, t, width = x.shape
        q, k, v = (w(x).view(b, t, self.n_heads, -1).swapaxes(1, 2) for w in (self.w_q, self.w_k, self.w_v))
        before = len(cache) if cache is not None else 0
        if cache is not None:
            k, v = cache.append(k, v)
        scores = q @ k.mT / math.sqrt(width // self.n_heads)
        mask = torch.ones(t, before + t, dtype=torch.bool, device=x.device).triu(before + 1)
        scores[mask.expand_as(scores)] = float("-inf")
        return self.w_o((scores.softmax(-1) @ v).swapaxes(1, 2).reshape(b, t, width))
