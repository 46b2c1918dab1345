"""The cache is a list of single tokens; every query walks over the keys it may see, one after the other."""

import torch
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.max_len = max_len
        self.entries = []  # (k, v) of one token each, (B, H, d)

    def __len__(self):
        return len(self.entries)

    def append(self, k, v):
        if len(self.entries) + k.size(-2) > self.max_len:
            raise ValueError(f"no room for {k.size(-2)} more")
        for t in range(k.size(-2)):
            self.entries.append((k[:, :, t], v[:, :, t]))
        return torch.stack([k for k, _ in self.entries], 2), torch.stack([v for _, v in self.entries], 2)

    def truncate(self, length):
        del self.entries[length:]


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError(f"{d_model} / {n_heads} is no integer")
        self.h, self.d = n_heads, d_model // n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, d_model, bias=False)
        self.w_v = nn.Linear(d_model, d_model, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, cache=None):
        apart = [w(x).unflatten(-1, (self.h, self.d)).transpose(1, 2) for w in (self.w_q, self.w_k, self.w_v)]
        q, k, v = apart
        if cache is not None:
            k, v = cache.append(k, v)
        past = k.size(2) - q.size(2)
        outputs = []
        for i in range(q.size(2)):
            scores = [
                (q[:, :, i] * k[:, :, j]).sum(-1) / self.d**0.5 for j in range(past + i + 1)
            ]  # (B, H) each
            weights = torch.stack(scores, -1).softmax(-1)
            mixed = sum(weights[..., j, None] * v[:, :, j] for j in range(past + i + 1))  # (B, H, d)
            outputs.append(mixed.flatten(1))
        return self.w_o(torch.stack(outputs, 1))
