"""A module whose one float64 buffer holds the sum and the count; log-sum-exp minus the true logit."""

import math

import torch
from torch import Tensor


class Perplexity(torch.nn.Module):
    """One float64 buffer: (sum of losses, tokens)."""

    def __init__(self, ignore_index: int = -100):
        super().__init__()
        self.ignore_index = ignore_index
        self.register_buffer("seen", torch.zeros(2, dtype=torch.float64))

    def update(self, logits: Tensor, target: Tensor) -> None:
        with torch.inference_mode():
            mask = target.ne(self.ignore_index)
            x = logits.to(torch.promote_types(logits.dtype, torch.float32))
            x = torch.where(mask.unsqueeze(-1), x, torch.zeros_like(x))
            index = torch.where(mask, target, torch.zeros_like(target)).unsqueeze(-1)
            loss = x.logsumexp(-1) - x.gather(-1, index).squeeze(-1)
            loss = torch.where(mask, loss, torch.zeros_like(loss)).to(torch.float64)
            batch = torch.stack([loss.sum(), mask.sum().to(torch.float64)])
            self.seen = self.seen + batch.cpu()

    def compute(self) -> float:
        return torch.exp(self.seen[0] / self.seen[1]).item()

    def merge(self, other: "Perplexity") -> None:
        self.seen = self.seen + other.seen

    def reset(self) -> None:
        self.seen = torch.zeros(2, dtype=torch.float64)
