# mistake: The weight is drawn and then shifted so that its mean is exactly 0.
# line: 13
import torch
from torch import nn


class Linear(nn.Module):
    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        with torch.no_grad():
            self.weight.sub_(self.weight.mean())
            self.weight.clamp_(-(in_features**-0.5), in_features**-0.5)
        b = torch.empty(out_features).uniform_(-(in_features**-0.5), in_features**-0.5)
        self.bias = nn.Parameter(b) if bias else None

    def forward(self, x):
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias
