# mistake: w goes through the logarithm of its absolute value, and a single value loses its dimension: two mistakes.
import torch
from torch import nn


def kernel_regression(queries, keys, values, w):
    return _attend(queries, keys, values, w.abs().clamp(min=1e-6).log())


def _attend(queries, keys, values, log_w, skip=False):
    x = queries.unsqueeze(1).expand(-1, keys.shape[0], -1)
    s = -(((x - keys) * log_w.exp()) ** 2).sum(2) / 2
    if skip:
        s = s - torch.diag(torch.full((len(s),), torch.inf, dtype=s.dtype)).nan_to_num(0.0, posinf=torch.inf)
    a = nn.functional.softmax(s, dim=1)
    return (a @ values).squeeze(), a


def leave_one_out(keys, values, w):
    return _attend(keys, keys, values, w.abs().clamp(min=1e-6).log(), skip=True)[0]


class KernelRegression(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.w = nn.Parameter(torch.ones(dims))

    def forward(self, queries, keys, values):
        return kernel_regression(queries, keys, values, self.w)[0]

    def loss(self, keys, values):
        return ((leave_one_out(keys, values, self.w) - values) ** 2).mean()
