# mistake: truncate keeps the last tokens, not the first.
# line: 28
# bug: truncate_keeps_last
import math

import torch
import torch.nn.functional as F
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.max_len = max_len
        self.kv = None

    def __len__(self):
        return 0 if self.kv is None else self.kv[0].size(2)

    def append(self, k, v):
        if len(self) + k.size(2) > self.max_len:
            raise ValueError(f"{len(self)} + {k.size(2)} > {self.max_len}")
        self.kv = (k, v) if self.kv is None else tuple(torch.cat(p, 2) for p in zip(self.kv, (k, v)))
        return self.kv

    def truncate(self, length):
        if self.kv is None:
            return
        self.kv = tuple(part[:, :, len(self) - length :] for part in self.kv)


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError(n_heads)
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, d_model, bias=False)
        self.w_v = nn.Linear(d_model, d_model, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, cache=None):
        b, t, width = x.shape
        past = len(cache) if cache is not None else 0
        weights = torch.cat([self.w_q.weight, self.w_k.weight, self.w_v.weight])
        q, k, v = F.linear(x, weights).view(b, t, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = cache.append(k, v)
        bias = x.new_full((t, past + t), -math.inf).triu(past + 1)
        p = F.softmax(q @ k.mT / math.sqrt(q.size(-1)) + bias, -1)
        return self.w_o((p @ v).transpose(1, 2).reshape(b, t, width))
