# mistake: addmm takes a matrix only, so an x with more or fewer dimensions crashes.
# bug: matrices_only
# line: 17
import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        k = in_features**-0.5
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-k, k))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-k, k)) if bias else None

    def forward(self, x):
        return (
            torch.addmm(self.bias, x, self.weight.t())
            if self.bias is not None
            else torch.mm(x, self.weight.t())
        )
