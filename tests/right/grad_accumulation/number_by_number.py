import torch


def accumulate(model, micro_batches, loss_fn, count=len):
    """Gradients are asked for with autograd.grad and added up in lists of numbers, slowly."""
    batches = []
    total = 0
    for x, y in micro_batches:
        n = count(y)
        n = n.item() if torch.is_tensor(n) else n
        total += n
        batches.append((x, y, n))
    learned = [p for p in model.parameters() if p.requires_grad]
    sums = [None] * len(learned)
    mean = 0.0
    for x, y, n in batches:
        if n == 0:
            continue
        loss = loss_fn(model(x), y)
        gradients = torch.autograd.grad(loss, learned, allow_unused=True)
        mean = mean + n * loss.item()
        for i, g in enumerate(gradients):
            if g is None:
                continue
            numbers = [n * number for number in g.flatten().tolist()]
            sums[i] = numbers if sums[i] is None else [a + b for a, b in zip(sums[i], numbers, strict=True)]
        del loss, gradients
    for p, numbers in zip(learned, sums, strict=True):
        if numbers is not None:
            g = torch.tensor([number / total for number in numbers], dtype=p.dtype, device=p.device).view_as(
                p
            )
            p.grad = g if p.grad is None else p.grad + g
    return mean / total if total else 0.0


def train(model, loader, optimizer, loss_fn, every, count=len, max_norm=None):
    losses, group, waiting = [], [], True
    loader = iter(loader)
    while waiting:
        group = []
        while len(group) < every:
            pair = next(loader, None)
            if pair is None:
                waiting = False
                break
            group.append(pair)
        if sum(int(count(y)) for _, y in group) > 0:
            optimizer.zero_grad()
            losses.append(accumulate(model, group, loss_fn, count))
            if max_norm is not None:
                torch.nn.utils.clip_grad_norm_(list(model.parameters()), max_norm)
            optimizer.step()
    return losses
