import torch


def accumulate(model, micro_batches, loss_fn, count=len):
    """Sums of losses go backward; the division comes last, with what was in .grad set aside meanwhile."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    aside = [p.grad for p in parameters]
    for p in parameters:
        p.grad = None
    items, summed = 0, 0.0
    for x, y in micro_batches:
        n = int(count(y))
        if not n:
            continue
        loss = n * loss_fn(model(x), y)
        loss.backward()
        summed += loss.item()
        items += n
    for p, before in zip(parameters, aside, strict=True):
        if p.grad is not None:
            p.grad.div_(items)
            if before is not None:
                p.grad.add_(before)
        else:
            p.grad = before
    return summed / items if items else 0.0


def train(model, loader, optimizer, loss_fn, every, count=len, max_norm=None):
    pairs = list(loader)
    losses = []
    for start in range(0, len(pairs), every):
        group = pairs[start : start + every]
        if all(int(count(y)) == 0 for _, y in group):
            continue
        for p in model.parameters():
            p.grad = None
        losses.append(accumulate(model, group, loss_fn, count))
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        if max_norm is not None:
            norm = torch.cat([g.flatten() for g in gradients]).norm().item()
            for g in gradients:
                g.mul_(min(1.0, max_norm / norm))
        optimizer.step()
    return losses
