# mistake: p is taken for the probability of keeping, as in old TensorFlow.
# bug: p_keeps
# line: 18, 19
import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p: float = 0.5):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError("p must be in [0, 1]")
        self.keep_prob = p

    def forward(self, x):
        if not self.training:
            return x
        mask = (torch.rand_like(x) < self.keep_prob).to(x.dtype)
        return x * mask / self.keep_prob if self.keep_prob > 0 else x * 0
