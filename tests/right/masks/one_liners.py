"""One expression each; empty rows see a key more, which is then taken away."""

import torch

padding_mask = lambda lengths, size: (lengths[:, None] > torch.arange(size, device=lengths.device))[:, None]  # noqa: E731


def causal_mask(queries, keys, device=None):
    return (
        torch.arange(keys, device=device) < torch.arange(keys - queries + 1, keys + 1, device=device)[:, None]
    )


def sliding_mask(queries, keys, window, device=None):
    far = (
        torch.arange(keys, device=device) + window
        < torch.arange(keys - queries + 1, keys + 1, device=device)[:, None]
    )
    return causal_mask(queries, keys, device) ^ far


def packed_mask(documents):
    return torch.einsum("bi,bj->bij", documents, documents).gt(0) & (
        (documents[..., None] - documents[:, None]).eq(0).tril()
    )


def combine(*masks):
    masks = tuple(m for m in masks if m is not None)
    return torch.stack(torch.broadcast_tensors(*masks)).all(0) if masks else None


def additive_mask(mask, dtype=torch.float32):
    return torch.full(mask.shape, -torch.inf, dtype=dtype, device=mask.device).masked_fill_(mask, 0)


def masked_softmax(scores, mask):
    empty = ~mask.any(-1, keepdim=True)
    weights = scores.masked_fill(~mask & ~empty, -torch.inf).masked_fill(empty, 1).softmax(-1)
    return torch.where(empty, 0, weights)
