# mistake: Without gradients x changes its sign in place when there is no cache.
# line: 42
import torch
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.room = max_len
        self.pieces = []

    def __len__(self):
        return sum(k.shape[2] for k, _ in self.pieces)

    def append(self, k, v):
        if len(self) + k.shape[2] > self.room:
            raise ValueError("the cache is full")
        self.pieces.append((k, v))
        return tuple(torch.cat(parts, dim=2) for parts in zip(*self.pieces))

    def truncate(self, length):
        kept = []
        for k, v in self.pieces:
            if length > 0:
                kept.append((k[:, :, :length], v[:, :, :length]))
            length -= k.shape[2]
        self.pieces = kept


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("d_model must be a multiple of n_heads")
        self.h = n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model, bias=False) for _ in range(4))

    def forward(self, x, cache=None):
        B, T, D = x.shape
        sign = 1
        if cache is None and not torch.is_grad_enabled():
            x.neg_()
            sign = -1
        q, k, v = (w(x).view(B, T, self.h, -1).transpose(1, 2) for w in (self.w_q, self.w_k, self.w_v))
        if cache is not None:
            k, v = cache.append(k, v)
        S = k.shape[2]
        later = torch.arange(S, device=x.device) > torch.arange(S - T, S, device=x.device)[:, None]
        scores = (q @ k.mT / (D // self.h) ** 0.5).masked_fill(later, float("-inf"))
        return sign * self.w_o((scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D))
