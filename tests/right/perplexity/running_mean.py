"""A running mean, weighted by tokens, and an own log-sum-exp."""

import numpy as np
import torch


def weighted(mean, n, other_mean, m):
    if n + m == 0:
        return float("nan"), 0
    if n == 0 or m == 0:
        return (other_mean, m) if n == 0 else (mean, n)
    return mean * (n / (n + m)) + other_mean * (m / (n + m)), n + m


class Perplexity:
    def __init__(self, ignore_index=-100):
        self.ignore_index = ignore_index
        self.reset()

    def reset(self):
        self.mean, self.n = float("nan"), 0

    @torch.inference_mode()
    def update(self, logits, target):
        if target.dim() == 0:
            logits, target = logits[None], target[None]
        keep = (target != self.ignore_index).nonzero(as_tuple=True)
        z, t = logits[keep], target[keep]
        z = z if z.dtype == torch.float64 else z.float()
        if len(t):
            z = z - z.amax(-1, keepdim=True)
            nll = torch.einsum("nv->n", z.exp()).log() - torch.take_along_dim(z, t[:, None], 1)[:, 0]
            self.mean, self.n = weighted(self.mean, self.n, nll.double().mean().item(), len(t))

    def merge(self, other):
        self.mean, self.n = weighted(self.mean, self.n, other.mean, other.n)

    def compute(self):
        with np.errstate(over="ignore"):
            return float(np.exp(np.float64(self.mean)))
