import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def relative_bucket(offset, bidirectional=True, n_buckets=32, max_distance=128):
    ret = 0
    n = -offset
    if bidirectional:
        n_buckets //= 2
        ret = (n < 0).to(torch.long) * n_buckets
        n = torch.abs(n)
    else:
        n = torch.max(n, torch.zeros_like(n))
    max_exact = n_buckets // 2
    is_small = n < max_exact
    val_if_large = max_exact + (
        torch.log(n.clamp(min=1).to(torch.float64) / max_exact)
        / math.log(max_distance / max_exact)
        * (n_buckets - max_exact)
    ).to(torch.long)
    val_if_large = torch.min(val_if_large, torch.full_like(val_if_large, n_buckets - 1))
    return ret + torch.where(is_small, n, val_if_large)


class RelativeBias(nn.Module):
    def __init__(self, n_heads, bidirectional=True, n_buckets=32, max_distance=128):
        super().__init__()
        self.bidirectional = bidirectional
        self.n_buckets = n_buckets
        self.max_distance = max_distance
        self.weight = nn.Parameter(torch.zeros(n_buckets, n_heads))

    def forward(self, queries, keys):
        device = self.weight.device
        context = torch.arange(keys - queries, keys, dtype=torch.long, device=device)[:, None]
        memory = torch.arange(keys, dtype=torch.long, device=device)[None, :]
        bucket = relative_bucket(memory - context, self.bidirectional, self.n_buckets, self.max_distance)
        return F.embedding(bucket, self.weight).permute([2, 0, 1])


def biased_attention(q, k, v, bias, causal=False):
    scores = torch.matmul(q, k.transpose(-1, -2)) + bias
    if causal:
        Tq, Tk = scores.size(-2), scores.size(-1)
        mask = torch.triu(torch.ones(Tq, Tk, dtype=torch.bool, device=q.device), diagonal=Tk - Tq + 1)
        scores = scores.masked_fill(mask, float("-inf"))
    return torch.matmul(F.softmax(scores, dim=-1), v)
