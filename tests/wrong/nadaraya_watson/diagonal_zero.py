# mistake: the diagonal is filled with 0
# bug: keeps_itself
import torch
from torch import nn


def attention_weights(queries, keys, w):
    difference = queries.unsqueeze(1) - keys
    return -(((difference * w) ** 2).sum(-1)) / 2


def kernel_regression(queries, keys, values, w):
    weights = nn.functional.softmax(attention_weights(queries, keys, w), dim=1)
    return torch.bmm(weights.unsqueeze(0), values.unsqueeze(0)).squeeze(0), weights


def leave_one_out(keys, values, w):
    scores = attention_weights(keys, keys, w).clone().fill_diagonal_(0)
    return nn.functional.softmax(scores, dim=1) @ values


class KernelRegression(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.w = nn.Parameter(torch.ones(dims), requires_grad=True)

    def forward(self, queries, keys, values):
        self.attention_weights = kernel_regression(queries, keys, values, self.w)[1].detach()
        return kernel_regression(queries, keys, values, self.w)[0]

    def loss(self, keys, values):
        return ((leave_one_out(keys, values, self.w) - values) ** 2).mean()
