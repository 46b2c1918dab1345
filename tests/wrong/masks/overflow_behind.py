# mistake: exp is taken of hidden scores too, then multiplied by the mask: NaN and inf stay
import torch


class Band:
    """Keys from `first` to `last` positions back, seen from the last `queries` of `keys` positions."""

    def __init__(self, first, last):
        self.first, self.last = first, last

    def __call__(self, queries, keys, device):
        i = torch.arange(keys - queries, keys, device=device).view(-1, 1)
        back = i - torch.arange(keys, device=device).view(1, -1)
        return back.ge(self.first).logical_and(back.le(self.last))


def padding_mask(lengths, size):
    one = torch.ones(len(lengths), 1, size, dtype=torch.long, device=lengths.device)
    return one.cumsum(-1) <= lengths.view(-1, 1, 1)


def causal_mask(queries, keys, device=None):
    return Band(0, keys)(queries, keys, device)


def sliding_mask(queries, keys, window, device=None):
    return Band(0, window - 1)(queries, keys, device)


def packed_mask(documents):
    filler = documents == 0
    # filler gets a number of its own for each token, below 0
    apart = -torch.arange(1, documents.shape[1] + 1, device=documents.device)
    numbers = torch.where(filler, apart, documents)
    equal = torch.sub(numbers[:, :, None], numbers[:, None, :]) == 0
    equal = equal & ~filler[:, :, None]
    length = documents.shape[1]
    return equal & causal_mask(length, length, documents.device)


def combine(*masks):
    given = [m for m in masks if m is not None]
    if not given:
        return None
    hidden = torch.zeros((), dtype=torch.bool, device=given[0].device)
    for m in given:
        hidden = hidden | ~m
    return ~hidden


def additive_mask(mask, dtype=torch.float32):
    return mask.to(dtype).log()


def masked_softmax(scores, mask):
    clean = scores
    low = clean.detach().masked_fill(~mask, torch.finfo(scores.dtype).min)
    top = low.amax(-1, keepdim=True).masked_fill(~mask.any(-1, keepdim=True), 0)
    shifted = clean - top
    e = shifted.exp() * mask
    total = e.sum(-1, keepdim=True)
    return e / torch.where(total > 0, total, 1)
