import torch
import torch.nn as nn
from torch import Tensor


def _like(v: Tensor, x: Tensor) -> Tensor:
    for _ in range(x.ndim - 2):
        v = v.unsqueeze(-1)
    return v


class BatchNorm(nn.Module):
    """The textbook's two branches, each with its own last line; statistics keep their dimensions."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x: Tensor) -> Tensor:
        gamma, beta = _like(self.weight, x), _like(self.bias, x)
        if self.training:
            axes = (0, *range(2, x.ndim))
            mu = torch.mean(x, axes, keepdim=True)
            deviation = torch.std(x, axes, keepdim=True, unbiased=False)
            x_hat = (x - mu) / torch.sqrt(torch.pow(deviation, 2) + self.eps)
            self.running_mean.data = (
                1 - self.momentum
            ) * self.running_mean + self.momentum * mu.data.flatten()
            fresh = torch.var(x.data, axes, unbiased=True)
            self.running_var.data = (1 - self.momentum) * self.running_var + self.momentum * fresh
            return gamma * x_hat + beta
        x_hat = (x - _like(self.running_mean, x)) * torch.rsqrt(_like(self.running_var, x) + self.eps)
        return gamma * x_hat + beta
