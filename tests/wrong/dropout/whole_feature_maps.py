# mistake: All that follows the second dimension shares a coin, as in Dropout2d.
# bug: one_coin_a_channel
# line: 18
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if abs(p - 0.5) > 0.5:
            raise ValueError(f"{p} is no probability")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.p > 0:
            shape = [size if axis < 2 else 1 for axis, size in enumerate(x.shape)]
            noise = x.new_empty(shape).uniform_()
            keep = 1 - self.p
            return torch.where(noise < keep, x / keep if keep else x, torch.zeros_like(x))
        return x
