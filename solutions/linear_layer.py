"""The linear (fully connected) layer.

    y = x Wᵀ + b

W has a row for each output; both start as U(−k, k) with k = 1/√in_features.
"""

import math

import torch
from torch import Tensor, nn


class Linear(nn.Module):
    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        super().__init__()
        k = 1 / math.sqrt(in_features)
        weight = torch.empty(out_features, in_features).uniform_(-k, k)
        self.weight = nn.Parameter(weight)  # W
        self.bias = None
        if bias:
            offset = torch.empty(out_features).uniform_(-k, k)
            self.bias = nn.Parameter(offset)  # b

    def forward(self, x: Tensor) -> Tensor:
        y = x @ self.weight.mT  # (..., out)
        if self.bias is not None:
            y = y + self.bias
        return y
