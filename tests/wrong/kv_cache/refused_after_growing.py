# mistake: The tokens are stored before their number is checked, so a refused call leaves too many behind.
# line: 22, 20
# bug: broken_by_the_error
import torch
from torch import einsum, nn


class KVCache:
    def __init__(self, max_len):
        self.max_len = max_len
        self.k = None
        self.v = None

    def __len__(self):
        return 0 if self.k is None else self.k.shape[2]

    def append(self, k, v):
        if self.k is None:
            self.k, self.v = k, v
        else:
            self.k, self.v = torch.cat([self.k, k], dim=2), torch.cat([self.v, v], dim=2)
        if self.k.shape[2] > self.max_len:
            raise ValueError("KVCache: more than max_len tokens")
        return self.k, self.v

    def truncate(self, length):
        if self.k is not None:
            self.k, self.v = self.k[:, :, :length], self.v[:, :, :length]


class CachedAttention(nn.Module):
    def __init__(self, d_model, n_heads):
        super().__init__()
        if d_model % n_heads != 0:
            raise ValueError("n_heads")
        self.n_heads = n_heads
        self.w_q = nn.Linear(d_model, d_model, bias=False)
        self.w_k = nn.Linear(d_model, d_model, bias=False)
        self.w_v = nn.Linear(d_model, d_model, bias=False)
        self.w_o = nn.Linear(d_model, d_model, bias=False)

    def forward(self, x, cache=None):
        start = 0 if cache is None else len(cache)
        q, k, v = (
            w(x).unflatten(2, (self.n_heads, -1)).movedim(1, 2) for w in (self.w_q, self.w_k, self.w_v)
        )
        if cache is not None:
            k, v = cache.append(k, v)
        rows = torch.arange(start, start + x.shape[1], device=x.device)
        columns = torch.arange(k.shape[2], device=x.device)
        scores = einsum("...id,...jd->...ij", q, k) * q.shape[-1] ** -0.5
        scores.masked_fill_(columns > rows[:, None], -torch.inf)
        y = einsum("...ij,...jd->...id", scores.softmax(-1), v)
        return self.w_o(y.movedim(1, 2).flatten(2))
