# mistake: A transposed copy of the weight is made once and used for ever, so later updates of the weight have no effect.
# line: 18
# bug: weight_remembered
import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        k = in_features**-0.5
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-k, k))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-k, k)) if bias else None
        self.columns = None

    def forward(self, x):
        if self.columns is None:
            self.columns = self.weight.t().contiguous()
        y = x @ self.columns
        return y if self.bias is None else y + self.bias
