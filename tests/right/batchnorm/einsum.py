import torch
from torch import nn


class BatchNorm(nn.Module):
    """Everything is a sum of products over (N, C, P), P being all positions."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        ones, zeros = torch.ones(num_features), torch.zeros(num_features)
        self.weight, self.bias = nn.Parameter(ones.clone()), nn.Parameter(zeros.clone())
        self.register_buffer("running_mean", zeros.clone())
        self.register_buffer("running_var", ones.clone())

    def forward(self, x):
        flat = x.reshape(x.shape[0], x.shape[1], -1)
        n = flat.shape[0] * flat.shape[2]
        if not self.training:
            slope = self.weight * (self.running_var + self.eps).rsqrt()
            out = torch.einsum("ncp,c->ncp", flat, slope) + (self.bias - slope * self.running_mean)[:, None]
            return out.reshape(x.shape)
        mean = torch.einsum("ncp->c", flat) / n
        centred = flat - mean[:, None]
        squares = torch.einsum("ncp,ncp->c", centred, centred)
        scale = self.weight / torch.sqrt(squares / n + self.eps)
        with torch.no_grad():
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (squares / (n - 1) - self.running_var)
        return (torch.einsum("ncp,c->ncp", centred, scale) + self.bias[:, None]).reshape(x.shape)
