# mistake: Each micro-batch is clipped before it is added.
# bug: clipped_part_by_part
# line: 19
import torch
from torch import nn


def accumulate(model, micro_batches, loss_fn, count=len, limit=None):
    batches = list(micro_batches)
    sizes = [int(count(y)) for _, y in batches]
    total = sum(sizes)
    result = 0.0
    for (x, y), size in zip(batches, sizes, strict=True):
        if size == 0:
            continue
        loss = loss_fn(model(x), y) * (size / total)
        loss.backward()
        if limit is not None:
            nn.utils.clip_grad_norm_(model.parameters(), limit)
        result += loss.item()
    return result


def train(model, loader, optimizer, loss_fn, every, count=len, max_norm=None):
    losses = []
    batches = list(loader)
    for start in range(0, len(batches), every):
        group = batches[start : start + every]
        if sum(int(count(y)) for _, y in group) == 0:
            continue
        optimizer.zero_grad()
        losses.append(accumulate(model, group, loss_fn, count, max_norm))
        optimizer.step()
    return losses
