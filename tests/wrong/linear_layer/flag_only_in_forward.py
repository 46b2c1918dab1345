# mistake: bias=False is obeyed in forward, but the parameter is made all the same.
# bug: bias_flag_ignored
# line: 13
import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        k = in_features**-0.5
        self.weight = nn.Parameter(torch.empty(out_features, in_features).uniform_(-k, k))
        self.bias = nn.Parameter(torch.empty(out_features).uniform_(-k, k))
        self.use_bias = bias

    def forward(self, x):
        out = torch.einsum("...i,oi->...o", x, self.weight)
        return out + self.bias if self.use_bias else out
