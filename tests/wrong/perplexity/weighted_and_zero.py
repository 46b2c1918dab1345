# mistake: two: the perplexities are averaged by tokens, and no tokens give 0
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
        n = keep.sum().item()
        if n == 0:
            return
        logits = logits if logits.dtype == torch.float64 else logits.float()
        log_p = torch.log_softmax(logits[keep], -1)
        nll = -log_p.gather(-1, target[keep].unsqueeze(-1)).double().mean()
        self.total += nll.exp().item() * n
        self.n += n

    def compute(self):
        return self.total / max(self.n, 1)

    def merge(self, other):
        self.total += other.total
        self.n += other.n

    def reset(self):
        self.total = 0.0
        self.n = 0
