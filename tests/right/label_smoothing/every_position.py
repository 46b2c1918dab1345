"""Position by position, class by class, with torch scalars."""

import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    classes = logits.size(-1)
    losses, divisor = [], 0.0
    for row, t in zip(logits.reshape(-1, classes).unbind(), target.reshape(-1).tolist(), strict=True):
        if t == ignore_index:
            losses.append(row.new_zeros(()))
            continue
        shifted = row - row.max().detach()
        log_total = shifted.exp().sum().log()
        loss = 0.0
        for j in range(classes):
            share = epsilon / classes + (1 - epsilon if j == t else 0.0)
            loss = loss - share * (1.0 if weight is None else weight[j]) * (shifted[j] - log_total)
        losses.append(loss)
        divisor = divisor + (1.0 if weight is None else weight[t])
    stacked = torch.stack(losses).reshape(target.shape)
    if reduction == "none":
        return stacked
    return stacked.sum() if reduction == "sum" else stacked.sum() / divisor
