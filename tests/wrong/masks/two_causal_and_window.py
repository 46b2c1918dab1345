# mistake: two: causal_mask without the offset, and the window one key too wide
# bug: causal_from_the_first + window_one_more
from functools import reduce

import torch


def padding_mask(lengths, size):
    return (torch.arange(size, device=lengths.device).unsqueeze(0) < lengths.unsqueeze(1)).unsqueeze(1)


def causal_mask(queries, keys, device=None):
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril()


def sliding_mask(queries, keys, window, device=None):
    full = torch.ones(queries, keys, dtype=torch.bool, device=device)
    return full.tril(keys - queries).triu(keys - queries - window)


def packed_mask(documents):
    same = documents.unsqueeze(2).eq(documents.unsqueeze(1)) & documents.gt(0).unsqueeze(2)
    return same.tril()


def combine(*masks):
    masks = [m for m in masks if m is not None]
    return reduce(torch.logical_and, masks) if masks else None


def additive_mask(mask, dtype=torch.float32):
    return torch.where(mask, 0.0, float("-inf")).to(dtype)


def masked_softmax(scores, mask):
    scores = torch.where(mask, scores, torch.full_like(scores, float("-inf")))
    return torch.softmax(scores, -1).nan_to_num(0.0)
