# mistake: The loss calls forward with every pair among its own keys.
# bug: loss_sees_answers
import torch
from torch import nn


def scores_of(queries, keys, w):
    difference = (queries[:, None, :] - keys[None, :, :]) * w
    return -0.5 * difference.pow(2).sum(-1)


def kernel_regression(queries, keys, values, w):
    weights = torch.softmax(scores_of(queries, keys, w), dim=-1)
    return weights @ values, weights


def leave_one_out(keys, values, w):
    itself = torch.eye(len(keys), dtype=torch.bool, device=keys.device)
    scores = scores_of(keys, keys, w).masked_fill(itself, float("-inf"))
    return torch.softmax(scores, dim=-1) @ values


class KernelRegression(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.w = nn.Parameter(torch.ones(dims))

    def forward(self, queries, keys, values):
        return kernel_regression(queries, keys, values, self.w)[0]

    def loss(self, keys, values):
        return (self(keys, keys, values) - values).pow(2).mean()
