"""Exact cdist of stretched points; the loss asks forward for one point after the other."""

import torch
from torch import nn


def scores(queries, keys, w):
    return torch.cdist(queries * w, keys * w, compute_mode="donot_use_mm_for_euclid_dist") ** 2 / -2


def kernel_regression(queries, keys, values, w):
    weights = torch.softmax(scores(queries, keys, w), 1)
    return weights @ values, weights


def leave_one_out(keys, values, w):
    s = scores(keys, keys, w).fill_diagonal_(-torch.inf)
    return torch.softmax(s, 1) @ values


class KernelRegression(nn.Module):
    def __init__(self, dims: int):
        super().__init__()
        self.w = nn.Parameter(torch.ones(dims))

    def forward(self, queries, keys, values):
        return kernel_regression(queries, keys, values, self.w)[0]

    def loss(self, keys, values):
        total = 0.0
        for i in range(len(keys)):
            rest = [j for j in range(len(keys)) if j != i]
            prediction = self(keys[i, None], keys[rest], values[rest])
            total = total + ((prediction - values[i]) ** 2).sum()
        return total / values.numel()
