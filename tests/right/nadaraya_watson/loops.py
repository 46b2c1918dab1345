"""A loop over queries, a copy of the pairs without one for leave-one-out; exp by hand."""

import torch
from torch import nn


def row(query, keys, w):
    s = -0.5 * (((query - keys) * w) ** 2).sum(1)
    e = torch.exp(s - s.max())
    return e / e.sum()


def kernel_regression(queries, keys, values, w):
    weights = torch.stack([row(query, keys, w) for query in queries])
    return torch.matmul(weights, values), weights


def leave_one_out(keys, values, w):
    out = []
    for i in range(len(keys)):
        rest = [j for j in range(len(keys)) if j != i]
        out.append(row(keys[i], keys[rest], w) @ values[rest])
    return torch.stack(out)


class KernelRegression(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.w = nn.Parameter(torch.full((dims,), 1.0))

    def forward(self, queries, keys, values):
        return torch.stack([row(query, keys, self.w) @ values for query in queries])

    def loss(self, keys, values):
        total = 0
        for prediction, value in zip(leave_one_out(keys, values, self.w), values, strict=True):
            total = total + ((prediction - value) ** 2).sum()
        return total / values.numel()
