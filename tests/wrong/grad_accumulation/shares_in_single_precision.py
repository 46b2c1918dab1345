# mistake: The shares are float32 tensors, and what they weigh has their precision.
# line: 16
import torch
from torch import nn


def accumulate(model, micro_batches, loss_fn, count=len):
    batches = list(micro_batches)
    sizes = [int(count(y)) for _, y in batches]
    total = sum(sizes)
    result, seen = 0.0, []
    for (x, y), size in zip(batches, sizes, strict=True):
        if size == 0:
            seen.append(0)
            continue
        share = torch.tensor(sizes).float().div(total)[len(seen)].item()
        loss = loss_fn(model(x), y) * share
        seen.append(size)
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
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
    return losses
