import torch
from torch import nn


class Dropout(nn.Module):
    """A table of the two possible factors and a draw from it for every entry; train() is asked, not a flag of ours."""

    def __init__(self, p=0.5):
        super().__init__()
        if p < 0:
            raise ValueError("negative")
        if p > 1:
            raise ValueError("more than one")
        self.chances = [float(p), 1.0 - p]

    def forward(self, x):
        if not self.training or x.numel() == 0:
            return x
        drop, keep = self.chances
        factors = x.new_tensor([0.0, 1 / keep if keep else 0.0])
        weights = torch.tensor(self.chances, device=x.device)
        picks = torch.multinomial(weights, x.numel(), replacement=True)
        return factors[picks].view(x.shape) * x
