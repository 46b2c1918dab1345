# mistake: The mask of a chunk is the usual triangle, not shifted by the tokens that are cached already.
# line: 51
# bug: mask_not_shifted
import math

import torch
from torch import einsum, nn


class KVCache:
    def __init__(self, max_len):
        self.max_len = max_len
        self.keys = self.values = None

    def __len__(self):
        return 0 if self.keys is None else self.keys.size(2)

    def append(self, k, v):
        if len(self) + k.size(2) > self.max_len:
            raise ValueError("cache overflow")
        if self.keys is not None:
            k = torch.cat([self.keys, k], 2)
            v = torch.cat([self.values, v], 2)
        self.keys, self.values = k, v
        return k, v

    def truncate(self, length):
        if self.keys is not None:
            self.keys = self.keys[:, :, :length]
            self.values = self.values[:, :, :length]


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads > 0:
            raise ValueError(f"{d_model} % {n_heads}")
        self.n_heads = n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model, bias=False) for _ in range(4))

    def to_heads(self, y):
        b, t, width = y.size()
        return y.view(b, t, self.n_heads, width // self.n_heads).permute(0, 2, 1, 3)

    def forward(self, x, cache=None):
        b, t, width = x.size()
        q, k, v = [self.to_heads(w(x)) for w in (self.w_q, self.w_k, self.w_v)]
        if cache is not None:
            k, v = cache.append(k, v)
        s = einsum("bhid,bhjd->bhij", q, k) / math.sqrt(q.size(-1))
        hidden = torch.ones(t, k.size(2), dtype=torch.bool, device=x.device).triu(1)
        s = s.masked_fill(hidden, -math.inf)
        y = einsum("bhij,bhjd->bhid", torch.softmax(s, dim=3), v)
        return self.w_o(y.permute(0, 2, 1, 3).reshape(b, t, width))
