# mistake: a running mean, which is inf − inf after an infinite loss
# bug: running_mean_of_infinity
import math

import torch
from torch import Tensor


class Perplexity:
    def __init__(self, ignore_index: int = -100):
        self.ignore_index = ignore_index
        self.reset()

    @torch.no_grad()
    def update(self, logits, target):
        keep = target != self.ignore_index
        n = int(keep.sum())
        if n == 0:
            return
        logits = logits if logits.dtype == torch.float64 else logits.float()
        log_p = torch.log_softmax(logits[keep], -1)
        self._add(-log_p.gather(-1, target[keep].unsqueeze(-1)).double().mean().item(), n)

    def _add(self, mean, n):
        if n:
            self.n += n
            self.mean += (mean - self.mean) * n / self.n

    def compute(self):
        if self.n == 0:
            return float("nan")
        return torch.tensor(self.mean, dtype=torch.float64).exp().item()

    def merge(self, other):
        self._add(other.mean, other.n)

    def reset(self):
        self.mean = 0.0
        self.n = 0
