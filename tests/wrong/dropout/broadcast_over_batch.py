# mistake: The mask has the shape of one sample, so all samples of the batch lose the same entries.
# bug: one_mask_for_the_batch
# line: 18
import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if p < 0 or 1 < p:
            raise ValueError("p")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if self.training and self.p < 1:
            one = torch.empty(x.shape[1:], dtype=x.dtype, device=x.device)
            return x * one.bernoulli_(1 - self.p) / (1 - self.p)
        return x if not self.training else x * 0
