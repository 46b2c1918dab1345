# mistake: The bias starts as a copy of a column of the weight instead of being drawn by itself.
# line: 12
import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        first = self.weight.detach()[:, 0].clone()
        self.bias = nn.Parameter(first) if bias else None

    def forward(self, x):
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias
