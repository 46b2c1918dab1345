# mistake: Two at once: what is left over waits in .grad for the next call, and L is the last part only.
# bug: last_part + rest_dropped
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
        loss = loss_fn(model(x), y) * (size / total)
        loss.backward()
        result = loss.item()
    return result


def train(model, loader, optimizer, loss_fn, every, count=len, max_norm=None):
    losses = []
    batches = list(loader)
    for start in range(0, len(batches), every):
        group = batches[start : start + every]
        if len(group) < every:
            accumulate(model, group, loss_fn, count)
            break
        if sum(int(count(y)) for _, y in group) == 0:
            continue
        optimizer.zero_grad()
        losses.append(accumulate(model, group, loss_fn, count))
        if max_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
    return losses
