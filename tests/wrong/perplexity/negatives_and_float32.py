# mistake: two: whatever is negative is padding, and float64 logits become float32
import math

import torch
from torch import Tensor


class Perplexity:
    def __init__(self, ignore_index: int = -100):
        self.ignore_index = ignore_index
        self.reset()

    @torch.no_grad()
    def update(self, logits, target):
        keep = target >= 0
        log_p = torch.log_softmax(logits.float()[keep], -1)
        self.total -= log_p.gather(-1, target[keep].unsqueeze(-1)).double().sum().item()
        self.n += keep.sum().item()

    def compute(self):
        if self.n == 0:
            return float("nan")
        return torch.tensor(self.total / self.n, dtype=torch.float64).exp().item()

    def merge(self, other):
        self.total += other.total
        self.n += other.n

    def reset(self):
        self.total = 0.0
        self.n = 0
