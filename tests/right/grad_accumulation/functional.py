from itertools import groupby

from torch.nn.utils import clip_grad_norm_


def accumulate(model, micro_batches, loss_fn, count=len):
    """A generator of parts; what is not empty has a share."""
    full = [(x, y, n) for x, y in micro_batches if (n := int(count(y)))]
    total = sum(n for *_, n in full)

    def part(x, y, n):
        loss = loss_fn(model(x), y)
        loss.backward(gradient=loss.new_tensor(n / total))
        return loss.item() * n / total

    return float(sum(part(*entry) for entry in full))


def train(model, loader, optimizer, loss_fn, every, count=len, max_norm=None):
    def update(group):
        optimizer.zero_grad(set_to_none=True)
        mean = accumulate(model, group, loss_fn, count)
        if max_norm is not None:
            clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        return mean

    numbered = groupby(enumerate(loader), key=lambda entry: entry[0] // every)
    groups = ([pair for _, pair in group] for _, group in numbered)
    return [update(group) for group in groups if any(int(count(y)) for _, y in group)]
