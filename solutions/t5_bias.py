"""Relative position bias of T5 (Raffel et al., 2020), with E exact buckets of N in a direction.

bucket(n) = n   for n < E,   min(N − 1, E + ⌊(N − E) · ln(n/E) / ln(D/E)⌋)   beyond
weightsᵢ = softmaxⱼ(qᵢ·kⱼ + b[bucket(j − i)])
"""

import math

import torch
from torch import Tensor, nn


def relative_bucket(
    offset: Tensor, bidirectional: bool = True, n_buckets: int = 32, max_distance: int = 128
) -> Tensor:
    if bidirectional:
        size = n_buckets // 2  # N
        start = size * (offset > 0)  # keys after the query have the second half
        distance = offset.abs()
    else:
        size = n_buckets
        start = torch.zeros_like(offset)
        distance = (-offset).clamp(min=0)
    exact = size // 2  # E
    ratio = distance.clamp(min=exact) / exact
    growth = ratio.log() / math.log(max_distance / exact)  # 0 at E, 1 at the largest distance
    far = exact + (growth * (size - exact)).long()
    last = size - 1
    bucket = torch.where(distance < exact, distance, far.clamp(max=last))
    return start + bucket


class RelativeBias(nn.Module):
    def __init__(
        self, n_heads: int, bidirectional: bool = True, n_buckets: int = 32, max_distance: int = 128
    ) -> None:
        super().__init__()
        self.rule = bidirectional, n_buckets, max_distance
        self.weight = nn.Parameter(torch.zeros(n_buckets, n_heads))

    def forward(self, queries: int, keys: int) -> Tensor:
        places = torch.arange(keys, device=self.weight.device)
        own = places[keys - queries :, None]  # (Tq, 1): queries are the last ones
        offset = places - own  # (Tq, Tk), above 0 where the key comes after the query
        bucket = relative_bucket(offset, *self.rule)
        bias = self.weight[bucket]  # (Tq, Tk, H)
        return bias.permute(2, 0, 1)


def biased_attention(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, causal: bool = False) -> Tensor:
    similarity = q @ k.mT  # (…, H, Tq, Tk), not divided by √d
    scores = similarity + bias
    if causal:
        queries, keys = bias.shape[-2:]
        past = torch.ones(queries, keys, dtype=torch.bool, device=q.device).tril(keys - queries)
        scores = scores.masked_fill(~past, -math.inf)
    weights = scores.softmax(dim=-1)
    return weights @ v  # (…, H, Tq, dᵥ)
