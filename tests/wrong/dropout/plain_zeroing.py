# mistake: Entries are zeroed, but the survivors are not scaled.
# bug: scale_missing
# line: 17
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if p > 1 or p < 0:
            raise ValueError(p)
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return x.masked_fill(torch.rand(x.shape, device=x.device) < self.p, 0.0)
        return x
