# mistake: combine joins in place, in the first mask if its shape allows
# bug: edits_first_mask
import torch


def padding_mask(lengths, size):
    return (torch.arange(size, device=lengths.device) < lengths[:, None])[:, None]


def causal_mask(queries, keys, device=None):
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)


def sliding_mask(queries, keys, window, device=None):
    causal = causal_mask(queries, keys, device)
    return causal & ~causal.tril(keys - queries - window)


def packed_mask(documents):
    same = documents[:, :, None] == documents[:, None, :]
    return (same & (documents != 0)[:, None]).tril()


def combine(*masks):
    masks = [mask for mask in masks if mask is not None]
    if not masks:
        return None
    joined = masks[0]
    for mask in masks[1:]:
        if torch.broadcast_shapes(joined.shape, mask.shape) == joined.shape:
            joined &= mask
        else:
            joined = joined & mask
    return joined


def additive_mask(mask, dtype=torch.float32):
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill_(~mask, -torch.inf)


def masked_softmax(scores, mask):
    weights = scores.masked_fill(~mask, -torch.inf).softmax(-1)
    return weights.masked_fill(~mask, 0)
