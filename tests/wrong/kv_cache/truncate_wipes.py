# mistake: The cache keeps the caller's k and v, and truncate sets what it forgets to zero in place.
# line: 31, 32
# bug: truncate_erases_inputs
import torch
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.room, self.count = max_len, 0
        self.keys = self.values = None

    def __len__(self):
        return self.count

    def append(self, k, v):
        if self.count + k.size(2) > self.room:
            raise ValueError("the cache is full")
        if self.count == 0:
            self.keys, self.values = k, v
        else:
            self.keys = torch.cat((self.keys[:, :, : self.count], k), 2)
            self.values = torch.cat((self.values[:, :, : self.count], v), 2)
        self.count = self.keys.size(2)
        return self.keys, self.values

    def truncate(self, length):
        self.count = length
        if self.keys is not None:
            self.keys[:, :, length:].zero_()
            self.values[:, :, length:].zero_()


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("d_model must be a multiple of n_heads")
        self.h = n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model, bias=False) for _ in range(4))

    def forward(self, x, cache=None):
        B, T, D = x.shape
        q, k, v = (w(x).view(B, T, self.h, -1).transpose(1, 2) for w in (self.w_q, self.w_k, self.w_v))
        if cache is not None:
            k, v = cache.append(k, v)
        S = k.size(2)
        later = torch.arange(S, device=x.device) > torch.arange(S - T, S, device=x.device)[:, None]
        scores = (q @ k.mT / (D // self.h) ** 0.5).masked_fill(later, float("-inf"))
        return self.w_o((scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D))
