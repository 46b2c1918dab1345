import torch


def accumulate(model, micro_batches, loss_fn, count=len):
    """Weights first, then one backward after the other."""
    batches = list(micro_batches)
    sizes = [int(count(y)) for _, y in batches]
    total = sum(sizes)
    result = 0.0
    if total == 0:
        return result
    for (x, y), size in zip(batches, sizes, strict=True):
        if size > 0:
            loss = loss_fn(model(x), y)
            weighted = loss * size / total
            weighted.backward()
            result += weighted.item()
    return result


def train(model, loader, optimizer, loss_fn, every, count=len, max_norm=None):
    losses = []
    group = []

    def update():
        if sum(int(count(y)) for _, y in group) == 0:
            return
        optimizer.zero_grad()
        losses.append(accumulate(model, group, loss_fn, count))
        if max_norm is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()

    for batch in loader:
        group.append(batch)
        if len(group) == every:
            update()
            group = []
    if group:
        update()
    return losses
