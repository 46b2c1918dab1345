import torch
from torch import nn
from torch.nn import init


class Linear(nn.Module):
    """Initialised as torch does it: kaiming_uniform_ with a = √5 is U(−1/√n, 1/√n)."""

    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        if bias:
            self.bias = nn.Parameter(torch.empty(out_features))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        init.kaiming_uniform_(self.weight, a=5**0.5)
        if self.bias is not None:
            bound = self.weight.size(1) ** -0.5
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x):
        out = torch.einsum("...i,oi->...o", x, self.weight)
        return out if self.bias is None else out + self.bias
