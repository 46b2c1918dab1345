"""One query and one key at a time; hidden keys are left out instead of filled with −∞."""

import torch


def dot(a, b):
    return sum(x * y for x, y in zip(a.unbind(), b.unbind()))


def one(query, keys, values, sees):
    width = len(query)
    scores = [dot(query, key) / width**0.5 for key, s in zip(keys, sees) if s]
    seen = [value for value, s in zip(values, sees) if s]
    top = max(score.item() for score in scores)
    parts = [(score - top).exp() for score in scores]
    total = sum(parts)
    return sum(part / total * value for part, value in zip(parts, seen))


def attention(q, k, v, mask=None):
    if q.dim() > 2:
        batch = range(q.shape[0])
        if mask is not None:
            mask = mask.broadcast_to(*q.shape[:-1], k.shape[-2])
        return torch.stack([attention(q[b], k[b], v[b], None if mask is None else mask[b]) for b in batch])
    rows, columns = q.shape[0], k.shape[0]
    sees = [[True] * columns] * rows if mask is None else mask.expand(rows, columns).tolist()
    return torch.stack([one(q[i], k, v, sees[i]) for i in range(rows)])
