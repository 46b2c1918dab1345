# mistake: Two at once: the loss is divided by `every`, and what is left over is never stepped.
# line: 26
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
        result += loss.item()
    return result


def train(model, loader, optimizer, loss_fn, every, count=len, max_norm=None):
    losses = []
    optimizer.zero_grad()
    running = 0.0
    for i, (x, y) in enumerate(loader):
        loss = loss_fn(model(x), y) / every
        loss.backward()
        running += loss.item()
        if (i + 1) % every == 0:
            if max_norm is not None:
                nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(running)
            running = 0.0
    return losses
