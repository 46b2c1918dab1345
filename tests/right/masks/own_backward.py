"""Masks from distances, NaN for filler, the additive mask by a logarithm; the softmax has its own backward."""

from functools import reduce

import torch


def _ages(queries, keys, device):
    """How far key j lies behind query i."""
    q = torch.arange(keys - queries, keys, device=device)
    return q.unsqueeze(1) - torch.arange(keys, device=device)


def padding_mask(lengths, size):
    return torch.arange(size, device=lengths.device).lt(lengths.view(-1, 1, 1))


def causal_mask(queries, keys, device=None):
    return _ages(queries, keys, device).ge(0)


def sliding_mask(queries, keys, window, device=None):
    ages = _ages(queries, keys, device)
    return ages.ge(0).logical_and(ages.lt(window))


def packed_mask(documents):
    named = documents.double()
    named = named.masked_fill(documents == 0, torch.nan)  # NaN equals nothing, itself included
    return (named.unsqueeze(2) == named.unsqueeze(1)).tril()


def combine(*masks):
    return reduce(lambda a, b: b if a is None else a if b is None else a * b, masks, None)


def additive_mask(mask, dtype=torch.float32):
    return mask.to(dtype).log()


class _Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scores, mask):
        s = scores.masked_fill(~mask, -torch.inf)
        w = torch.softmax(s, -1).nan_to_num(nan=0.0)
        ctx.save_for_backward(w)
        return w

    @staticmethod
    def backward(ctx, grad):
        (w,) = ctx.saved_tensors
        g = grad * w
        return g - w * g.sum(-1, keepdim=True), None


def masked_softmax(scores, mask):
    return _Softmax.apply(scores, mask)
