"""The distances at which buckets begin, computed once; a bucket is how many of them lie at or below."""

import torch
from torch import nn


def starts(n, largest):
    exact = n // 2
    far = [exact * (largest / exact) ** (m / (n - exact)) - 1e-9 for m in range(1, n - exact)]
    return [*range(1, exact + 1), *far]


def relative_bucket(offset, bidirectional=True, n_buckets=32, max_distance=128):
    n = n_buckets // 2 if bidirectional else n_buckets
    edges = torch.tensor(starts(n, max_distance), dtype=torch.float64, device=offset.device)
    past = torch.searchsorted(edges, (-offset).clamp(min=0).double(), right=True)
    if not bidirectional:
        return past
    future = torch.searchsorted(edges, offset.clamp(min=0).double(), right=True)
    return torch.where(offset > 0, n + future, past)


class RelativeBias(nn.Embedding):
    """One number for each distance from −(Tk − 1) to Tq − 1; each row of the matrix is a window of that line."""

    def __init__(self, n_heads, bidirectional=True, n_buckets=32, max_distance=128):
        super().__init__(n_buckets, n_heads)
        nn.init.zeros_(self.weight)
        self.how = dict(bidirectional=bidirectional, n_buckets=n_buckets, max_distance=max_distance)

    def forward(self, queries, keys):
        line = torch.arange(-(keys - 1), queries, device=self.weight.device)  # of key − query
        values = super().forward(relative_bucket(line, **self.how)).T  # (H, Tk + Tq − 1)
        return values.unfold(-1, keys, 1).flip(-2)


def biased_attention(q, k, v, bias, causal=False):
    s = torch.einsum("...qd,...kd->...qk", q, k).add(bias)
    if causal:
        n, m = s.shape[-2:]
        ahead = torch.arange(m, device=q.device) > torch.arange(m - n, m, device=q.device)[:, None]
        s = torch.where(ahead, torch.finfo(s.dtype).min, s)
    return torch.einsum("...qk,...kv->...qv", s.softmax(-1), v)
