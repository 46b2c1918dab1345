# mistake: the mean of each batch times its tokens, which is nan for a batch that is all padding
# bug: mean_of_no_tokens
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
        logits = logits if logits.dtype == torch.float64 else logits.float()
        log_p = torch.log_softmax(logits[keep], -1)
        nll = -log_p.gather(-1, target[keep].unsqueeze(-1)).double()
        n = keep.sum().item()
        self.total += nll.mean().item() * n
        self.n += n

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
