# mistake: Nothing takes care of p = 1, where the scale is 1/0.
# bug: nan_at_one
# line: 18
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p has to lie in [0, 1]")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        survivors = torch.rand(x.size(), device=x.device).gt(self.p)
        return survivors.to(x.dtype).div(1 - self.p).mul(x)
