# mistake: two: an epsilon in the sum, and packed tokens look ahead
import torch
from torch import Tensor


def padding_mask(lengths: Tensor, size: int) -> Tensor:
    return (torch.arange(size, device=lengths.device) < lengths[:, None])[:, None, :]


def causal_mask(queries, keys, device=None):
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)


def sliding_mask(queries, keys, window, device=None):
    near = torch.ones(queries, keys, dtype=torch.bool, device=device).triu(keys - queries - window + 1)
    return near & causal_mask(queries, keys, device)


def packed_mask(documents: Tensor) -> Tensor:
    size = documents.shape[1]
    same = documents[:, :, None] == documents[:, None, :]
    return same & (documents > 0)[:, :, None]


def combine(*masks):
    result = None
    for mask in masks:
        if mask is not None:
            result = mask if result is None else result & mask
    return result


def additive_mask(mask: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, float("-inf"))


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    low = scores.masked_fill(~mask, float("-inf")).amax(-1, keepdim=True).clamp(min=-1e30).detach()
    e = torch.where(mask, scores - low, float("-inf")).exp()
    return e / (e.sum(-1, keepdim=True) + 1e-6)
