# mistake: keys are centred in place
import torch
from torch import nn
from torch.nn import functional as F


def distances(a, b):
    return sum((x[:, None] - y[None, :]) ** 2 for x, y in zip(a.unbind(1), b.unbind(1), strict=True)) / 2


def kernel_regression(queries, keys, values, w):
    centre = keys.mean(0).detach()
    keys = keys.detach().sub_(centre) + (keys - keys.detach())
    table = distances((queries - centre) * w, keys * w)
    weights = F.softmin(table, dim=1)
    return weights @ values, weights


def leave_one_out(keys, values, w):
    m = len(keys)
    others = torch.arange(m - 1, device=keys.device).expand(m, -1)
    others = others + (others >= torch.arange(m, device=keys.device)[:, None])  # (m, m − 1)
    steps = (keys[:, None] - keys[others]) * w
    weights = F.softmax(-(steps * steps).sum(2) / 2, 1)
    return (weights[..., None] * values[others]).sum(1)


class KernelRegression(nn.Module):
    def __init__(self, dims):
        super().__init__()
        w = torch.empty(dims)
        nn.init.ones_(w)
        self.w = nn.Parameter(w)

    def forward(self, queries, keys, values):
        return kernel_regression(queries=queries, keys=keys, values=values, w=self.w)[0]

    def loss(self, keys, values):
        difference = (leave_one_out(keys, values, self.w) - values).flatten()
        return difference @ difference / difference.numel()
