"""Attention with linear biases (Press, Smith & Lewis, 2022).

sᵢⱼ = qᵢ·kⱼ / √d − mₕ · |i − j|,   mₕ = 2^(−8h/H) for H a power of two
"""

import math

import torch
from torch import Tensor


def alibi_slopes(n_heads: int) -> list[float]:
    whole = 1  # P, the largest power of two up to H
    while 2 * whole <= n_heads:
        whole = 2 * whole
    first = [2.0 ** (-8 * h / whole) for h in range(1, whole + 1)]
    between = [2.0 ** (-4 * h / whole) for h in range(1, 2 * whole, 2)]  # every other one of 2P
    return first + between[: n_heads - whole]


def alibi_attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = True) -> Tensor:
    heads, new, seen = q.shape[-3], q.shape[-2], k.shape[-2]
    slopes = q.new_tensor(alibi_slopes(heads)).view(heads, 1, 1)
    positions = torch.arange(seen, device=q.device)
    own = positions[seen - new :].unsqueeze(-1)  # (Tq, 1): queries are the last ones
    ahead = positions - own  # (Tq, Tk), 0 on the query's own position
    penalty = slopes * ahead.abs()  # (H, Tq, Tk)
    scores = q @ k.mT / math.sqrt(q.shape[-1]) - penalty  # (..., H, Tq, Tk)
    if causal:
        scores = scores.masked_fill(ahead > 0, -math.inf)
    weights = scores.softmax(dim=-1)  # each row sums to 1
    return weights @ v  # (..., H, Tq, d_v)
