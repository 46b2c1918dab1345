# mistake: Each layer has a generator of its own, always seeded alike.
# bug: own_generator
# line: 13, 19
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.dice = torch.Generator().manual_seed(42)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        keep = torch.rand(x.shape, generator=self.dice) >= self.p
        return x * keep.to(x.device, x.dtype) / (1 - self.p) if self.p < 1 else x * 0
