# mistake: The output is squeezed, so dimensions of size 1 (one output feature, a batch of one) disappear.
# line: 22
# bug: output_squeezed
import math

import torch
from torch import Tensor, nn


class Linear(nn.Module):
    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        super().__init__()
        bound = 1 / math.sqrt(in_features)
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))
        if bias:
            self.bias = nn.Parameter(torch.empty(out_features).uniform_(-bound, bound))
        else:
            self.bias = None

    def forward(self, x: Tensor) -> Tensor:
        y = torch.matmul(self.weight, x.unsqueeze(-1))
        y = y.squeeze()
        if self.bias is not None:
            y = y + self.bias
        return y
