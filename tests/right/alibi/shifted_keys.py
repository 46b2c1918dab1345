"""What all keys of a row share falls out of the softmax: a causal bias is slope × position of the key alone. Else the
penalty stands in two more features of q and k only where it is linear, so it is built."""

import functools
import math

import torch


@functools.lru_cache
def _slopes(n):
    if n & (n - 1) == 0:
        return tuple(2.0 ** (-8 * h / n) for h in range(1, n + 1))
    p = 2 ** int(math.log2(n))
    return _slopes(p) + _slopes(2 * p)[::2][: n - p]


def alibi_slopes(n_heads):
    return list(_slopes(n_heads))


def alibi_attention(q, k, v, causal=True):
    queries, keys = q.shape[-2], k.shape[-2]
    place = torch.arange(keys, device=q.device, dtype=q.dtype)
    own = place[keys - queries :].unsqueeze(-1)
    slope = torch.tensor(_slopes(q.shape[-3]), device=q.device, dtype=q.dtype)[:, None, None]
    logits = (q / q.shape[-1] ** 0.5) @ k.transpose(-1, -2)
    if causal:
        logits = logits + slope * (place - (keys - 1))
        logits = torch.where(place > own, -math.inf, logits)
    else:
        logits = logits - slope * (torch.maximum(place, own) - torch.minimum(place, own))
    return logits.softmax(-1) @ v
