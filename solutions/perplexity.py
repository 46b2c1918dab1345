"""Perplexity over batches: the exponential of the mean loss per token.

    PPL = exp(−1/N Σᵢ log pᵢ)

The sum and N are kept; the division and exp come at the very end.
"""

import torch
from torch import Tensor


class Perplexity:
    def __init__(self, ignore_index: int = -100):
        self.ignore_index = ignore_index
        self.reset()

    def update(self, logits: Tensor, target: Tensor) -> None:
        counted = target != self.ignore_index  # (…)
        tokens = target[counted]  # (n,)
        rows = logits.detach()[counted]  # (n, V)
        rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
        log_p = rows.log_softmax(-1)  # (n, V)
        losses = -log_p.gather(-1, tokens[:, None])  # (n, 1)
        self.total += losses.sum().item()
        self.count += len(tokens)

    def compute(self) -> float:
        total = torch.tensor(self.total, dtype=torch.float64)
        mean = total / self.count  # 0/0 is nan
        return mean.exp().item()  # may be inf

    def merge(self, other: "Perplexity") -> None:
        self.total += other.total
        self.count += other.count

    def reset(self) -> None:
        self.total = 0.0  # Σ −log pᵢ, in nats
        self.count = 0  # N
