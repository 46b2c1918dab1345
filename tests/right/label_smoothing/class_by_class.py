"""One position and one class after the other: each target a Python number."""

import torch
from torch import Tensor


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    """One position after the other, in plain Python numbers where it can."""
    n = logits.shape[-1]
    rows = [logits[i] for i in _positions(target.shape)]
    total, divisor, losses = logits.sum() * 0, 0.0, []
    for row, i in zip(rows, _positions(target.shape)):
        t = int(target[i])
        if t == ignore_index:
            losses.append(row.new_zeros(()))
            continue
        top = row.max()
        log_z = top + (row - top).exp().sum().log()
        loss = row.new_zeros(())
        for j in range(n):
            q = epsilon / n + (1 - epsilon if j == t else 0)
            loss = loss + (1 if weight is None else weight[j]) * q * (log_z - row[j])
        losses.append(loss)
        divisor += 1 if weight is None else float(weight[t])
    if reduction == "none":
        return torch.stack(losses).reshape(target.shape) if losses else logits.new_zeros(target.shape)
    total = total + sum(losses)
    return total / divisor if reduction == "mean" else total


def _positions(shape):
    import itertools

    return list(itertools.product(*[range(s) for s in shape]))
