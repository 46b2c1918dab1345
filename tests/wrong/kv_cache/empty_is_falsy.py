# mistake: `if cache` is false while the cache is empty, so the prompt is never stored.
# line: 44
# bug: empty_cache_is_false
import torch
from torch import nn


class KVCache:
    def __init__(self, max_len):
        self.max_len, self.chunks = max_len, []

    def __len__(self):
        return sum(k.shape[2] for k, _ in self.chunks)

    def append(self, k, v):
        if len(self) + k.shape[2] > self.max_len:
            raise ValueError("full")
        self.chunks.append((k, v))
        ks, vs = zip(*self.chunks)
        return torch.cat(ks, dim=2), torch.cat(vs, dim=2)

    def truncate(self, length):
        if self.chunks:
            ks, vs = zip(*self.chunks)
            self.chunks = [(torch.cat(ks, dim=2)[:, :, :length], torch.cat(vs, dim=2)[:, :, :length])]


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        if d_model % n_heads:
            raise ValueError("sizes")
        super().__init__()
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, d_model, bias=False)
        self.w_v = nn.Linear(d_model, d_model, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, cache=None):
        q, k, v = (
            torch.stack(proj(x).chunk(self.n_heads, dim=-1), dim=1) for proj in (self.w_q, self.w_k, self.w_v)
        )
        n_past = 0
        if cache:
            n_past = len(cache)
            k, v = cache.append(k, v)
        i = torch.arange(x.shape[1], device=x.device).unsqueeze(1) + n_past
        j = torch.arange(k.shape[2], device=x.device).unsqueeze(0)
        scores = (q @ k.transpose(2, 3)) / (q.shape[3] ** 0.5)
        scores = torch.where(j <= i, scores, torch.full_like(scores, float("-inf")))
        heads = torch.softmax(scores, dim=-1) @ v
        return self.w_o(torch.cat(heads.unbind(1), dim=-1))
