import torch
from torch import nn


class Dropout(nn.Module):
    """Flattens, throws the coins row after row, stacks them again."""

    def __init__(self, p=0.5):
        super().__init__()
        if not 0.0 <= float(p) <= 1.0:
            raise ValueError(p)
        self.survival = torch.distributions.Bernoulli(probs=torch.tensor(1.0 - p))

    def forward(self, x):
        if not self.training:
            return x
        share = self.survival.probs.item()
        size = x.numel()
        thrown = []
        for start in range(0, size, 4096):
            thrown.append(self.survival.sample((min(4096, size - start),)))
        mask = torch.cat(thrown) if thrown else torch.zeros(0)
        mask = mask.to(x.device, x.dtype).reshape(x.shape)
        return x.mul(mask).div(self.expected(share))

    @staticmethod
    def expected(share):
        return round(share, 6) or 1.0
