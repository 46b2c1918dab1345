import functools
import math

import torch
from torch.nn import Module, Parameter
from torch.nn.functional import one_hot


def relative_bucket(offset, bidirectional=True, n_buckets=32, max_distance=128):
    sides = 2 if bidirectional else 1
    per_side = n_buckets // sides
    small = per_side // 2
    away = offset.abs() if bidirectional else torch.relu(-offset)
    logs = (away.clamp_min(small).double().log() - math.log(small)) / (
        math.log(max_distance) - math.log(small)
    )
    large = torch.floor(small + logs * (per_side - small) + 1e-9).clamp(max=per_side - 1).long()
    index = away * (away < small) + large * (away >= small)
    return index + per_side * (offset > 0).long() if bidirectional else index


@functools.lru_cache(maxsize=None)
def table(queries, keys, rule):
    with torch.inference_mode(False):
        where = torch.arange(keys)[None] - torch.arange(keys - queries, keys)[:, None]
        return one_hot(relative_bucket(where, *rule), rule[1])


class RelativeBias(Module):
    def __init__(self, n_heads, bidirectional=True, n_buckets=32, max_distance=128):
        super().__init__()
        self.rule = (bidirectional, n_buckets, max_distance)
        self.weight = Parameter(torch.empty(n_buckets, n_heads).fill_(0.0))

    def forward(self, queries, keys):
        chosen = table(queries, keys, self.rule).to(self.weight)
        return torch.einsum("qkb,bh->hqk", chosen, self.weight)


def biased_attention(q, k, v, bias, causal=False):
    hidden = torch.zeros_like(bias)
    if causal:
        hidden += torch.full_like(bias, -torch.inf).triu(bias.shape[-1] - bias.shape[-2] + 1)
    return ((q @ k.mT + bias) + hidden).softmax(-1) @ v
