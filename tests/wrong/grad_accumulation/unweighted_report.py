# mistake: The gradient is right, but the L that is returned is the mean of the means.
# bug: loss_is_mean_of_means
# line: 18
import torch
from torch import nn


def accumulate(model, micro_batches, loss_fn, count=len):
    batches = list(micro_batches)
    sizes = [int(count(y)) for _, y in batches]
    total = sum(sizes)
    result = 0.0
    for (x, y), size in zip(batches, sizes, strict=True):
        if size == 0:
            continue
        loss = loss_fn(model(x), y)
        (loss * (size / total)).backward()
        result += loss.item() / len(batches)
    return result


def train(model, loader, optimizer, loss_fn, every, count=len, max_norm=None):
    losses = []
    batches = list(loader)
    for start in range(0, len(batches), every):
        group = batches[start : start + every]
        if sum(int(count(y)) for _, y in group) == 0:
            continue
        optimizer.zero_grad()
        losses.append(accumulate(model, group, loss_fn, count))
        if max_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
    return losses
