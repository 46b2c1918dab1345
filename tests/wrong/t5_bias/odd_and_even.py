# mistake: Buckets after the query are the odd ones, those before it the even ones.
import math

import torch
from torch import nn


def relative_bucket(offset, bidirectional=True, n_buckets=32, max_distance=128):
    base = 0
    if bidirectional:
        n_buckets //= 2
        odd = (offset > 0).long()
        n = offset.abs()
    else:
        n = (-offset).clamp(min=0)
    e = n_buckets // 2
    big = e + (torch.log(n.clamp(min=e) / e) / math.log(max_distance / e) * (n_buckets - e)).long()
    found = torch.where(n < e, n, big.clamp(max=n_buckets - 1))
    return 2 * found + odd if bidirectional else found


class RelativeBias(nn.Module):
    def __init__(self, n_heads, bidirectional=True, n_buckets=32, max_distance=128):
        super().__init__()
        self.bidirectional, self.n_buckets, self.max_distance = bidirectional, n_buckets, max_distance
        self.weight = nn.Parameter(torch.zeros(n_buckets, n_heads))

    def forward(self, queries, keys):
        j = torch.arange(keys, device=self.weight.device)
        i = torch.arange(keys - queries, keys, device=self.weight.device)
        bucket = relative_bucket(j - i[:, None], self.bidirectional, self.n_buckets, self.max_distance)
        return self.weight[bucket].permute(2, 0, 1)


def biased_attention(q, k, v, bias, causal=False):
    s = torch.einsum("...id,...jd->...ij", q, k) + bias
    if causal:
        n, m = q.shape[-2], k.shape[-2]
        later = torch.arange(m, device=q.device) > torch.arange(m - n, m, device=q.device)[:, None]
        s = s.masked_fill(later, float("-inf"))
    return s.softmax(-1) @ v
