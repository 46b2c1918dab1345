import torch
from torch import nn


class Dropout(nn.Module):
    """Chooses between two tensors; the ends of the range have branches of their own; eval gives a copy."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not (p >= 0 and p <= 1):
            raise ValueError
        self.drop, self.keep = p, 1 - p

    def forward(self, x):
        if not self.training or self.drop == 0:
            return x.clone()
        if self.keep == 0:
            return torch.zeros_like(x)
        lost = torch.rand_like(x, dtype=torch.float64) < self.drop
        return torch.where(lost, torch.zeros_like(x), x / self.keep)
