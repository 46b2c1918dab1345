"""Position by position in Python numbers."""

import math


class Perplexity:
    def __init__(self, ignore_index=-100):
        self.ignore_index = ignore_index
        self.losses = []

    def update(self, logits, target):
        rows = logits.detach().reshape(-1, logits.shape[-1]).tolist()
        for row, token in zip(rows, target.reshape(-1).tolist(), strict=True):
            if token == self.ignore_index:
                continue
            top = max(row)
            total = sum(math.exp(z - top) for z in row)
            self.losses.append(top + math.log(total) - row[token])

    def compute(self):
        if not self.losses:
            return math.nan
        mean = math.fsum(self.losses) / len(self.losses)
        return math.inf if mean > 709.7 else math.exp(mean)

    def merge(self, other):
        self.losses = self.losses + list(other.losses)

    def reset(self):
        self.losses = []
