# mistake: A micro-batch without items is not left out: the sums go backward with its nan.
# bug: nan_of_padding
import torch


class Accumulator:
    """Adds up n times the gradient, and divides when all items are known."""

    def __init__(self, model, loss_fn, count):
        self.model = model
        self.loss_fn = loss_fn
        self.count = count
        self.items = 0
        self.loss_sum = 0.0
        self.before = []
        for p in model.parameters():
            self.before.append(p.grad)
            p.grad = None

    def add(self, x, y):
        n = int(self.count(y))
        loss = self.loss_fn(self.model(x), y)
        (loss * n).backward()
        self.loss_sum += loss.item() * n
        self.items += n

    def close(self):
        for p, old in zip(self.model.parameters(), self.before):
            if p.grad is not None:
                p.grad /= self.items
                if old is not None:
                    p.grad += old
            else:
                p.grad = old
        if self.items == 0:
            return 0.0
        return self.loss_sum / self.items


def accumulate(model, micro_batches, loss_fn, count=len):
    acc = Accumulator(model, loss_fn, count)
    for x, y in micro_batches:
        acc.add(x, y)
    return acc.close()


def train(model, loader, optimizer, loss_fn, every, count=len, max_norm=None):
    losses = []
    seen = 0
    acc = None

    def finish():
        loss = acc.close()
        if acc.items == 0:
            return
        if max_norm is not None:
            square = 0.0
            for p in model.parameters():
                if p.grad is not None:
                    square += p.grad.pow(2).sum().item()
            norm = square**0.5
            if norm > max_norm:
                for p in model.parameters():
                    if p.grad is not None:
                        p.grad.mul_(max_norm / norm)
        optimizer.step()
        losses.append(loss)

    for x, y in loader:
        if acc is None:
            for p in model.parameters():
                p.grad = None
            acc = Accumulator(model, loss_fn, count)
        acc.add(x, y)
        seen += 1
        if seen == every:
            finish()
            acc = None
            seen = 0
    if acc is not None:
        finish()
    return losses
