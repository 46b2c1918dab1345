import torch
from torch import nn


class Linear(nn.Module):
    """The bias is one more column of the weight, met by a feature that is always 1."""

    def __init__(self, in_features, out_features, bias=True):
        super().__init__()
        table = torch.empty(out_features, in_features + bool(bias))
        with torch.no_grad():
            table.uniform_(-1.0, 1.0).div_(in_features**0.5)
        self.weight = nn.Parameter(table[:, :in_features].clone())
        self.bias = nn.Parameter(table[:, -1].clone()) if bias else None

    def forward(self, x):
        if self.bias is None:
            return torch.tensordot(x, self.weight, dims=([-1], [1]))
        table = torch.cat([self.weight, self.bias[:, None]], dim=1)
        x = torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)
        return torch.tensordot(x, table, dims=([-1], [1]))
