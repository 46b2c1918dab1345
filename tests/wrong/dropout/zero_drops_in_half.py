# mistake: The coins are drawn in the dtype of x, and an entry survives only above p: in half precision a coin is often 0, so p = 0 drops some.
# line: 19
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        if self.p == 1:
            return x * 0
        return torch.where(torch.rand_like(x) > self.p, x / (1 - self.p), torch.zeros_like(x))
