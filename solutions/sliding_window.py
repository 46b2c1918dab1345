"""Sliding-window attention (Beltagy, Peters & Cohan, 2020; Jiang et al., 2023), a band and nothing beside it.

oᵢ = Σⱼ softmaxⱼ(qᵢ·kⱼ / √dₖ) vⱼ   over the keys with i − w < j ≤ i, or |i − j| < w on both sides
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def sliding_window_attention(q: Tensor, k: Tensor, v: Tensor, window: int, causal: bool = True) -> Tensor:
    queries, keys = q.shape[-2], k.shape[-2]
    behind = min(window, keys) - 1
    ahead = 0 if causal else behind
    width = behind + 1 + ahead  # W, the keys around a query
    first = keys - queries  # where the first query stands

    margins = (0, 0, behind, ahead)  # nothing along the features; zeros before and after the sequence
    near_k = F.pad(k, margins).unfold(-2, width, 1)[..., first:, :, :]  # (…, Tq, dₖ, W), a view
    near_v = F.pad(v, margins).unfold(-2, width, 1)[..., first:, :, :]  # (…, Tq, dᵥ, W)
    similarity = (q.unsqueeze(-2) @ near_k).squeeze(-2)  # (…, Tq, W)
    scores = similarity / math.sqrt(q.shape[-1])

    positions = torch.arange(first, keys, device=q.device).unsqueeze(-1)  # (Tq, 1)
    places = positions + torch.arange(-behind, ahead + 1, device=q.device)  # (Tq, W): which keys these are
    outside = (places < 0) | (places >= keys)
    weights = scores.masked_fill(outside, -math.inf).softmax(dim=-1)
    output = (near_v @ weights.unsqueeze(-1)).squeeze(-1)  # (…, Tq, dᵥ)
    return output
