"""A number at a time for buckets, a query at a time for attention."""

import math

import torch


def one_bucket(offset, bidirectional, n_buckets, max_distance):
    begin = 0
    if bidirectional:
        n_buckets = n_buckets // 2
        if offset > 0:
            begin = n_buckets
        distance = abs(offset)
    elif offset > 0:
        distance = 0
    else:
        distance = -offset
    exact = n_buckets // 2
    if distance < exact:
        return begin + distance
    step = math.floor(
        (n_buckets - exact) * math.log(distance / exact) / math.log(max_distance / exact) + 1e-12
    )
    return begin + min(exact + step, n_buckets - 1)


def relative_bucket(offset, bidirectional=True, n_buckets=32, max_distance=128):
    flat = [one_bucket(int(o), bidirectional, n_buckets, max_distance) for o in offset.reshape(-1)]
    return torch.tensor(flat, dtype=torch.int64, device=offset.device).reshape(offset.shape)


class RelativeBias(torch.nn.Module):
    def __init__(self, n_heads, bidirectional=True, n_buckets=32, max_distance=128):
        super().__init__()
        self.settings = (bidirectional, n_buckets, max_distance)
        self.weight = torch.nn.Parameter(torch.zeros((n_buckets, n_heads)))

    def forward(self, queries, keys):
        rows = []
        for i in range(keys - queries, keys):
            picked = [one_bucket(j - i, *self.settings) for j in range(keys)]
            rows.append(torch.stack([self.weight[b] for b in picked], dim=1))
        return torch.stack(rows, dim=1)


def biased_attention(q, k, v, bias, causal=False):
    queries, keys = q.shape[-2], k.shape[-2]
    rows = []
    for i in range(queries):
        end = keys - queries + i + 1 if causal else keys
        scores = (q[..., i, None, :] * k[..., :end, :]).sum(-1) + bias[..., i, :end]
        scores = scores - scores.max(dim=-1, keepdim=True)[0].detach()
        weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
        rows.append((weights[..., None] * v[..., :end, :]).sum(-2))
    return torch.stack(rows, dim=-2)
