# mistake: loops: whether a row is empty is asked of the first row of scores
import torch


def padding_mask(lengths, size):
    rows = [[[j < n for j in range(size)]] for n in lengths.tolist()]
    return torch.tensor(rows, dtype=torch.bool, device=lengths.device)


def causal_mask(queries, keys, device=None):
    return sliding_mask(queries, keys, keys, device)


def sliding_mask(queries, keys, window, device=None):
    mask = torch.zeros(queries, keys, dtype=torch.bool, device=device)
    for i in range(queries):
        at = i + keys - queries
        for j in range(max(0, at - window + 1), at + 1):
            mask[i, j] = True
    return mask


def packed_mask(documents):
    size = documents.shape[1]
    mask = torch.zeros(*documents.shape, size, dtype=torch.bool, device=documents.device)
    for b, row in enumerate(documents.tolist()):
        for i in range(size):
            for j in range(i + 1):
                mask[b, i, j] = row[i] == row[j] > 0
    return mask


def combine(*masks):
    result = None
    for mask in masks:
        if mask is None:
            continue
        if result is None:
            result = mask.clone()
        else:
            result = result * mask
    return result


def additive_mask(mask, dtype=torch.float32):
    out = torch.empty(mask.shape, dtype=dtype, device=mask.device)
    out[mask] = 0
    out[~mask] = -torch.inf
    return out


def masked_softmax(scores, mask):
    size = scores.shape[-1]
    flat, shown = scores.reshape(-1, size), mask.expand(scores.shape).reshape(-1, size)
    rows = []
    for row, seen in zip(flat, shown, strict=True):
        out = torch.zeros_like(row)
        if shown[0].any() and seen.any():
            parts = (row[seen] - row[seen].max()).exp()
            out = out.masked_scatter(seen, parts / parts.sum())
        rows.append(out)
    return torch.stack(rows).reshape(scores.shape)
