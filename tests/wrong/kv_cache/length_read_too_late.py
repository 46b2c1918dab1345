# mistake: The number of cached tokens is read after the new ones were appended, so the triangle hides nothing.
# line: 47, 48
# bug: no_mask_with_cache
import torch
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.max_len, self.length, self.k, self.v = max_len, 0, None, None

    def __len__(self):
        return self.length

    def append(self, k, v):
        b, h, t, d = k.shape
        if self.length + t > self.max_len:
            raise ValueError("overflow")
        if self.k is None:
            self.k = torch.zeros(b, h, self.max_len, d, dtype=k.dtype, device=k.device)
            self.v = torch.zeros_like(self.k)
        places = torch.arange(self.length, self.length + t, device=k.device)
        self.k.index_copy_(2, places, k)
        self.v.index_copy_(2, places, v)
        self.length += t
        return self.k[:, :, : self.length], self.v[:, :, : self.length]

    def truncate(self, length):
        self.length = length


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("no")
        self.n_heads, self.d = n_heads, d_model // n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model, bias=False) for _ in range(4))

    def forward(self, x, cache=None):
        b, t, width = x.shape
        split = b, t, self.n_heads, self.d
        q, k, v = (w(x).view(split).transpose(1, 2) for w in (self.w_q, self.w_k, self.w_v))
        if cache is not None:
            k, v = cache.append(k, v)
        scores = q @ k.transpose(-1, -2) / self.d**0.5
        past = 0 if cache is None else len(cache)
        hidden = torch.ones(t, k.shape[2], dtype=torch.bool, device=x.device).triu(past + 1)
        weights = torch.softmax(scores.masked_fill(hidden, float("-inf")), dim=-1)
        return self.w_o((weights @ v).transpose(1, 2).reshape(b, t, width))
