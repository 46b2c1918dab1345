# mistake: The bias starts at zero instead of being drawn.
# bug: bias_at_zero
# line: 13
import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

    def forward(self, x):
        y = torch.matmul(x, self.weight.t())
        if self.bias is None:
            return y
        return torch.add(y, self.bias)
