"""Batch normalisation (Ioffe & Szegedy, 2015).

For the n values x of one channel, in training:

    μ  = 1/n Σᵢ xᵢ
    σ² = 1/n Σᵢ (xᵢ − μ)²
    y  = γ (x − μ) / √(σ² + ε) + β

and the running averages, which replace μ and σ² in inference:

    r ← (1 − m) r + m μ
    v ← (1 − m) v + m n/(n − 1) σ²
"""

import torch
from torch import Tensor, nn


class BatchNorm(nn.Module):
    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(num_features))  # γ
        self.bias = nn.Parameter(torch.zeros(num_features))  # β
        self.register_buffer("running_mean", torch.zeros(num_features))  # r
        self.register_buffer("running_var", torch.ones(num_features))  # v

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            dims = [d for d in range(x.dim()) if d != 1]
            mean = x.mean(dims)  # (C,)
            var = x.var(dims, correction=0)  # (C,)
            self.remember(mean, var, n=x.numel() // x.shape[1])
        else:
            mean, var = self.running_mean, self.running_var
        shape = (1, -1) + (1,) * (x.dim() - 2)  # lines (C,) up with (N, C, …)
        centred = x - mean.view(shape)  # (N, C, …)
        std = torch.sqrt(var + self.eps)  # (C,)
        normed = centred / std.view(shape)
        scaled = self.weight.view(shape) * normed
        return scaled + self.bias.view(shape)

    @torch.no_grad()
    def remember(self, mean: Tensor, var: Tensor, n: int) -> None:
        m = self.momentum
        unbiased = var * n / (n - 1)
        self.running_mean.mul_(1 - m).add_(m * mean)
        self.running_var.mul_(1 - m).add_(m * unbiased)
