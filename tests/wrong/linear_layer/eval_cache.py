# mistake: In eval mode the output is kept for inputs of the same shape.
# line: 17
import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        k = in_features**-0.5
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-k, k)) if bias else None
        self.kept = {}

    def forward(self, x):
        if not self.training and x.shape in self.kept:
            return self.kept[x.shape]
        y = x @ self.weight.T
        y = y if self.bias is None else y + self.bias
        if not self.training:
            self.kept[x.shape] = y
        return y
