import torch
from torch import nn


class RMSNorm(nn.Module):
    """Features are walked through with Python's sum; nothing is reduced along a dimension."""

    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.dim, self.eps = dim, eps
        self.weight = nn.Parameter(torch.empty(dim).fill_(1.0))

    def forward(self, x):
        wide = x if x.dtype == torch.float64 else x.float()
        features = wide.unbind(-1)
        power = sum(f * f for f in features) / self.dim + self.eps
        scale = power**-0.5
        columns = [(f * scale).to(x.dtype) * w for f, w in zip(features, self.weight, strict=True)]
        return torch.stack(columns, dim=-1)
