# mistake: The entries are zeroed in the input itself.
# bug: input_edited
# line: 18
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
        x[torch.rand(x.shape, device=x.device) < self.p] = 0
        return x / (1 - self.p) if self.p < 1 else x
