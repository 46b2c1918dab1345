# mistake: Two at once: the limit is multiplied by the number of micro-batches, and small gradients are scaled up to it.
# line: 34
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
    batches = list(loader)
    for start in range(0, len(batches), every):
        group = batches[start : start + every]
        if sum(int(count(y)) for _, y in group) == 0:
            continue
        optimizer.zero_grad()
        losses.append(accumulate(model, group, loss_fn, count))
        if max_norm is not None:
            grads = [p.grad for p in model.parameters() if p.grad is not None]
            norm = torch.stack([g.norm() for g in grads]).norm()
            for g in grads:
                g.mul_(max_norm * len(group) / norm)
        optimizer.step()
    return losses
