# mistake: view brings the weight into the shape of its transpose, but mixes rows and columns.
# bug: reshaped_not_transposed
# line: 21
import math

import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features)
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.bias = nn.Parameter(torch.empty(out_features)) if bias else None
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(self, x):
        w = self.weight.view(self.in_features, self.out_features)
        out = torch.einsum("...i,io->...o", x, w)
        return out + self.bias if self.bias is not None else out
