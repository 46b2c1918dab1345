import torch
from torch import nn


def gauss(a, b, w):
    """Points are moved to the middle of the keys and stretched by w: then the expanded square loses nothing."""
    middle = b.mean(0, keepdim=True)
    a, b = (a - middle) * w, (b - middle) * w
    return a @ b.T - 0.5 * (a * a).sum(1, keepdim=True) - 0.5 * (b * b).sum(1)


def kernel_regression(queries, keys, values, w):
    s = gauss(queries, keys, w)
    weights = (s - s.logsumexp(1, keepdim=True)).exp()
    return weights.mm(values), weights


def leave_one_out(keys, values, w):
    """The matrix without its diagonal: m rows of m - 1."""
    m = keys.size(0)
    off = ~torch.eye(m, dtype=torch.bool, device=keys.device)
    s = gauss(keys, keys, w)[off].view(m, m - 1)
    others = torch.arange(m, device=keys.device).expand(m, m)[off].view(m, m - 1)
    return (s.softmax(1).unsqueeze(-1) * values[others]).sum(1)


class KernelRegression(nn.Module):
    def __init__(self, dims: int):
        super().__init__()
        self.w = nn.Parameter(torch.ones(dims))

    def forward(self, queries, keys, values):
        predictions, _ = kernel_regression(queries, keys, values, self.w)
        return predictions

    def loss(self, keys, values):
        error = values - leave_one_out(keys, values, self.w)
        return error.square().sum() / error.numel()
