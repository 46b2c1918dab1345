# One buffer for keys and values, tokens first, larger than it need be; rows are masked from the end.
import torch
import torch.nn.functional as F
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.free = self.max_len = max_len
        self.buffer = None

    def __len__(self):
        return self.max_len - self.free

    def append(self, k, v):
        new, used = k.shape[2], len(self)
        if new > self.free:
            raise ValueError(f"no room for {new}")
        if self.buffer is None:
            self.buffer = torch.full(
                (self.max_len + 1, 2, *k.shape[:2], k.shape[3]), torch.nan, dtype=k.dtype, device=k.device
            )
        self.buffer[used : used + new, 0] = k.permute(2, 0, 1, 3)
        self.buffer[used : used + new, 1].copy_(v.permute(2, 0, 1, 3))
        self.free -= new
        keys, values = self.buffer[: used + new].permute(1, 2, 3, 0, 4)
        return keys, values

    def truncate(self, length):
        if self.buffer is not None:
            self.buffer[length:] = torch.nan
        self.free = self.max_len - length


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads:
            raise ValueError("heads")
        self.h = n_heads
        self.w_q = nn.Linear(d_model, d_model, False)
        self.w_k = nn.Linear(d_model, d_model, False)
        self.w_v = nn.Linear(d_model, d_model, False)
        self.w_o = nn.Linear(d_model, d_model, False)

    def forward(self, x, cache=None):
        b, t, width = x.shape
        fused = torch.cat([self.w_q.weight, self.w_k.weight, self.w_v.weight])
        q, k, v = F.linear(x, fused).reshape(b, t, 3, self.h, width // self.h).permute(2, 0, 3, 1, 4)
        if cache is not None:
            k, v = cache.append(k, v)
        scores = torch.matmul(q, k.transpose(2, 3)) * (width / self.h) ** -0.5
        if t > 1:  # the last row sees everything
            later = torch.ones(t, t, dtype=torch.bool, device=x.device).triu(1)
            scores[..., -t:] = scores[..., -t:].masked_fill(later, -torch.inf)
        return self.w_o((F.softmax(scores, -1) @ v).swapaxes(1, 2).reshape(b, t, width))
