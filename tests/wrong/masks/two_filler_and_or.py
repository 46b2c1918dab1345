# mistake: two: filler sees filler, and masks are joined by or
# bug: filler_sees_filler + combined_by_or
from functools import reduce

import torch


def padding_mask(lengths, size):
    return (torch.arange(size, device=lengths.device).unsqueeze(0) < lengths.unsqueeze(1)).unsqueeze(1)


def causal_mask(queries, keys, device=None):
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)


def sliding_mask(queries, keys, window, device=None):
    full = torch.ones(queries, keys, dtype=torch.bool, device=device)
    return full.tril(keys - queries).triu(keys - queries - window + 1)


def packed_mask(documents):
    same = documents.unsqueeze(2).eq(documents.unsqueeze(1))
    return same.tril()


def combine(*masks):
    masks = [m for m in masks if m is not None]
    return reduce(torch.logical_or, masks) if masks else None


def additive_mask(mask, dtype=torch.float32):
    return torch.where(mask, 0.0, float("-inf")).to(dtype)


def masked_softmax(scores, mask):
    scores = torch.where(mask, scores, torch.full_like(scores, float("-inf")))
    return torch.softmax(scores, -1).nan_to_num(0.0)
