"""einsum of differences; log-sum-exp; the diagonal taken away by an additive mask."""

import torch
from torch import nn


def weights_of(queries, keys, w, bias=0.0):
    d = torch.einsum("nmd,d->nmd", queries.unsqueeze(1) - keys.unsqueeze(0), w)
    s = torch.einsum("nmd,nmd->nm", d, d) * -0.5 + bias
    return (s - s.logsumexp(1, keepdim=True)).exp()


def kernel_regression(queries, keys, values, w):
    weights = weights_of(queries, keys, w)
    return torch.einsum("nm,mc->nc", weights, values), weights


def leave_one_out(keys, values, w):
    m = keys.shape[0]
    bias = (
        torch.full((m,), -torch.inf, dtype=keys.dtype, device=keys.device)
        .diag()
        .nan_to_num(0, neginf=-torch.inf)
    )
    bias = torch.where(torch.eye(m, device=keys.device) > 0, bias, 0)
    return torch.einsum("nm,mc->nc", weights_of(keys, keys, w, bias), values)


class KernelRegression(nn.Module):
    def __init__(self, dims):
        super().__init__()
        self.register_parameter("w", nn.Parameter(torch.ones((dims,))))

    def forward(self, queries, keys, values):
        return kernel_regression(queries, keys, values, self.w)[0]

    def loss(self, keys, values):
        return nn.functional.mse_loss(leave_one_out(keys, values, self.w), values)
