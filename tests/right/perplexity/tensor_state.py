"""State as a float64 tensor of two numbers; padding is replaced before anything is computed."""

import torch


class Perplexity:
    def __init__(self, ignore_index: int = -100):
        self.ignore_index = ignore_index
        self.reset()

    def reset(self) -> None:
        self.sums = torch.zeros(2, dtype=torch.float64)

    def update(self, logits, target) -> None:
        with torch.no_grad():
            pad = target.eq(self.ignore_index)
            z = torch.where(pad.unsqueeze(-1), torch.zeros_like(logits), logits).double()
            t = torch.where(pad, torch.zeros_like(target), target)
            log_p = z.log_softmax(dim=-1).gather(-1, t.unsqueeze(-1)).squeeze(-1)
            log_p = torch.where(pad, torch.zeros_like(log_p), log_p)
            new = torch.stack([-log_p.sum(), (~pad).sum().double()])
        self.sums = self.sums + new.cpu()

    def merge(self, other: "Perplexity") -> None:
        self.sums = self.sums + other.sums

    def compute(self) -> float:
        return torch.exp(self.sums[0] / self.sums[1]).item()
