"""The state is a list of pairs; everything is computed at the end."""

import torch


def nll_and_count(logits, target, pad):
    pairs = [(z, t) for z, t in zip(logits.reshape(-1, logits.shape[-1]), target.flatten()) if t != pad]
    if not pairs:
        return 0.0, 0
    z, t = map(torch.stack, zip(*pairs))
    one = z.to(torch.float64).log_softmax(1)
    return -sum(row[i].item() for row, i in zip(one, t)), len(t)


class Perplexity:
    def __init__(self, ignore_index=-100):
        self.ignore_index = ignore_index
        self.pairs = ()

    def update(self, logits, target):
        with torch.no_grad():
            self.pairs += (nll_and_count(logits, target, self.ignore_index),)

    def compute(self):
        total, n = map(sum, zip((0.0, 0), *self.pairs))
        return (torch.tensor(total, dtype=torch.float64) / n).exp().item()

    def merge(self, other):
        self.pairs += other.pairs

    def reset(self):
        self.pairs = ()
