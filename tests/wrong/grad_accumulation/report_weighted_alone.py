# mistake: The losses go backward unweighted; only the L that is returned is weighted.
# bug: not_divided
import torch


def _accumulate(model, parts, loss_fn, count):
    sized = [(x, y, n) for x, y in parts if (n := int(count(y))) > 0]
    total = sum(n for *_, n in sized)
    return sum(_backward(loss_fn(model(x), y)) * n / total for x, y, n in sized), total


def _backward(loss):
    loss.backward()
    return loss.item()


def accumulate(model, micro_batches, loss_fn, count=len):
    return float(_accumulate(model, micro_batches, loss_fn, count)[0])


def train(model, loader, optimizer, loss_fn, every, count=len, max_norm=None):
    losses, parts = [], list(loader)
    for group in (parts[i : i + every] for i in range(0, len(parts), every)):
        model.zero_grad()
        loss, items = _accumulate(model, group, loss_fn, count)
        if items:
            grads = [p.grad for p in model.parameters() if p.grad is not None]
            if max_norm is not None:
                norm = torch.cat([g.flatten() for g in grads]).norm().item()
                [g.mul_(max_norm / max(norm, max_norm)) for g in grads]
            optimizer.step()
            losses.append(loss)
    return losses
