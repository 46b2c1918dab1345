"""Group normalisation (Wu & He, 2018).

For the n values x of one group in one sample, with one γ and one β for each channel:

    μ  = 1/n Σᵢ xᵢ
    σ² = 1/n Σᵢ (xᵢ − μ)²
    x̂  = (x − μ) / √(σ² + ε)
    y  = γ x̂ + β
"""

import torch
from torch import Tensor, nn


class GroupNorm(nn.Module):
    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True):
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"{num_channels} channels cannot be shared out among {num_groups} groups")
        self.num_groups = num_groups
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(num_channels)) if affine else None  # γ
        self.bias = nn.Parameter(torch.zeros(num_channels)) if affine else None  # β

    def forward(self, x: Tensor) -> Tensor:
        samples, channels, *positions = x.shape
        groups = x.reshape(samples, self.num_groups, -1)  # (N, G, n)
        mean = groups.mean(-1, keepdim=True)  # (N, G, 1)
        centred = groups - mean
        var = centred.square().mean(-1, keepdim=True)  # (N, G, 1)
        std = torch.sqrt(var + self.eps)
        normed = (centred / std).reshape(x.shape)  # x̂
        if self.weight is None:
            return normed
        per_channel = (channels, *[1 for _ in positions])  # (C, 1, …, 1)
        scaled = self.weight.view(per_channel) * normed
        return scaled + self.bias.view(per_channel)
