# mistake: The width of a bucket divides the logarithm with //, which takes the whole quotient 6 for less.
# bug: whole_numbers_missed
import math

import torch
from torch import nn


def relative_bucket(offset, bidirectional=True, n_buckets=32, max_distance=128):
    N = n_buckets // 2 if bidirectional else n_buckets
    E = N // 2
    n = offset.abs() if bidirectional else (-offset).clamp(min=0)
    width = math.log(max_distance / E) / (N - E)  # of a bucket, on the logarithmic scale
    large = (E + (torch.log(n.clamp(min=1).double() / E) // width).long()).clamp(max=N - 1)
    bucket = torch.where(n < E, n, large)
    if bidirectional:
        bucket = bucket + N * (offset > 0)
    return bucket


class RelativeBias(nn.Module):
    def __init__(self, n_heads, bidirectional=True, n_buckets=32, max_distance=128):
        super().__init__()
        self.options = (bidirectional, n_buckets, max_distance)
        self.weight = nn.Parameter(torch.zeros(n_buckets, n_heads))

    def forward(self, queries, keys):
        at = torch.arange(keys - queries, keys, device=self.weight.device)
        offset = torch.arange(keys, device=self.weight.device) - at[:, None]
        return self.weight[relative_bucket(offset, *self.options)].permute(2, 0, 1)


def biased_attention(q, k, v, bias, causal=False):
    scores = q @ k.transpose(-1, -2) + bias
    if causal:
        Tq, Tk = scores.shape[-2:]
        future = torch.ones(Tq, Tk, dtype=torch.bool, device=q.device).triu(Tk - Tq + 1)
        scores = scores.masked_fill(future, float("-inf"))
    return scores.softmax(-1) @ v
