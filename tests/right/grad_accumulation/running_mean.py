from itertools import chain, islice

import torch


def running_mean(model, parts, loss_fn, count):
    """Mean gradient, mean loss and number of items, updated with every part."""
    params = [p for p in model.parameters() if p.requires_grad]
    grads, mean, total = [None] * len(params), 0.0, 0
    for x, y in parts:
        n = int(count(y))
        if not n:
            continue
        total += n
        loss = loss_fn(model(x), y)
        new = torch.autograd.grad(loss, params, allow_unused=True)
        w = n / total
        mean += (loss.item() - mean) * w
        grads = [blend(g, h, w) for g, h in zip(grads, new)]
        del loss
    return params, grads, mean, total


def blend(old, new, w):
    if old is None and new is None:
        return None
    if old is None:
        return new * w
    return old * (1 - w) if new is None else old + (new - old) * w


def put(params, grads):
    for p, g in zip(params, grads):
        if g is not None:
            p.grad = g if p.grad is None else p.grad + g


def accumulate(model, micro_batches, loss_fn, count=len):
    params, grads, mean, _ = running_mean(model, micro_batches, loss_fn, count)
    put(params, grads)
    return mean


def clipped(grads, max_norm):
    if max_norm is None:
        return grads
    norm = torch.stack([g.norm() for g in grads if g is not None]).norm()
    factor = max_norm / norm if norm > max_norm else 1.0
    return [None if g is None else g * factor for g in grads]


def groups(loader, every):
    it = iter(loader)
    for first in it:
        yield chain([first], islice(it, every - 1))


def train(model, loader, optimizer, loss_fn, every, count=len, max_norm=None):
    losses = []
    for group in groups(loader, every):
        params, grads, mean, items = running_mean(model, group, loss_fn, count)
        if items == 0:
            continue
        model.zero_grad(set_to_none=True)
        optimizer.zero_grad(set_to_none=True)
        put(params, clipped(grads, max_norm))
        optimizer.step()
        losses.append(mean)
    return losses
