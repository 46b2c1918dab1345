# mistake: The keys are scaled in place, which scales those in the cache again at every step.
# line: 45
import torch
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.max_len, self.used, self.buffer = max_len, 0, None

    def __len__(self):
        return self.used

    def append(self, k, v):
        end = self.used + k.shape[2]
        if end > self.max_len:
            raise ValueError(f"{end} tokens, {self.max_len} places")
        if self.buffer is None:
            self.buffer = k.new_empty(2, *k.shape[:2], self.max_len, k.shape[3])
        self.buffer[0, :, :, self.used : end] = k
        self.buffer[1, :, :, self.used : end] = v
        self.used = end
        return self.buffer[0, :, :, :end], self.buffer[1, :, :, :end]

    def truncate(self, length):
        self.used = length


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("sizes do not fit")
        self.n_heads = n_heads
        self.w_q, self.w_k, self.w_v, self.w_o = (nn.Linear(d_model, d_model, bias=False) for _ in range(4))

    def split(self, x):
        return x.reshape(*x.shape[:-1], self.n_heads, -1).permute(0, 2, 1, 3)

    def forward(self, x, cache=None):
        q, k, v = self.split(self.w_q(x)), self.split(self.w_k(x)), self.split(self.w_v(x))
        if cache is not None:
            k, v = cache.append(k, v)
        past = k.shape[2] - q.shape[2]
        k = k.div_(k.shape[-1] ** 0.5)
        hidden = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=x.device).triu(past + 1)
        scores = (q @ k.mT).masked_fill(hidden, -torch.inf)
        return self.w_o((scores.softmax(-1) @ v).permute(0, 2, 1, 3).flatten(2))
