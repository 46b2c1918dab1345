"""Masks for attention: True means that the query may look at the key.

    wᵢⱼ = mᵢⱼ exp(sᵢⱼ) / Σₖ mᵢₖ exp(sᵢₖ)

and 0 throughout where a row of m is.
"""

import math

import torch
from torch import Tensor


def padding_mask(lengths: Tensor, size: int) -> Tensor:
    positions = torch.arange(size, device=lengths.device)  # (T,)
    real = positions < lengths[:, None]  # (B, T)
    return real[:, None, :]  # (B, 1, T): the same for every query


def causal_mask(queries: int, keys: int, device: torch.device | str | None = None) -> Tensor:
    columns = torch.arange(keys, device=device)  # (Tk,)
    rows = columns[keys - queries :, None]  # (Tq, 1): the last positions
    past = columns <= rows  # (Tq, Tk)
    return past


def sliding_mask(queries: int, keys: int, window: int, device: torch.device | str | None = None) -> Tensor:
    key_at = torch.arange(keys, device=device)
    query_at = key_at[keys - queries :, None]
    distance = query_at - key_at  # (Tq, Tk): how far back the key lies
    band = (distance >= 0) & (distance < window)
    return band


def packed_mask(documents: Tensor) -> Tensor:
    together = documents[:, :, None] == documents[:, None, :]  # (B, T, T)
    real = documents != 0  # (B, T)
    earlier = torch.ones_like(together).tril()  # (B, T, T)
    packed = together & real[:, None, :] & earlier
    return packed


def combine(*masks: Tensor | None) -> Tensor | None:
    combined = None
    for mask in masks:
        if mask is not None:
            combined = mask if combined is None else combined & mask
    return combined


def additive_mask(mask: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    zeros = torch.zeros(mask.shape, dtype=dtype, device=mask.device)
    return zeros.masked_fill(~mask, -math.inf)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    hidden = ~mask
    filled = scores.masked_fill(hidden, -math.inf)
    empty = hidden.all(dim=-1, keepdim=True)  # (…, 1): rows without a visible key
    finite = filled.masked_fill(empty, 0.0)  # a row of −∞ would become 0/0
    weights = finite.softmax(dim=-1)
    visible = weights.masked_fill(hidden, 0.0)  # and an empty row is 0 again
    return visible
