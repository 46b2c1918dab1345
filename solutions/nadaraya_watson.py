"""Nadaraya–Watson kernel regression as attention.

    sᵢⱼ = −½ Σ_d ((x_id − k_jd) w_d)²,   ŷᵢ = Σⱼ softmaxⱼ(sᵢⱼ) vⱼ

w is learned by predicting each known value from all others.
"""

import math

import torch
from torch import Tensor, nn


def scores_of(queries: Tensor, keys: Tensor, w: Tensor) -> Tensor:
    steps = queries[:, None, :] - keys[None, :, :]  # (n, m, D)
    scaled = steps * w
    distances = scaled.square().sum(dim=-1)  # (n, m)
    return -distances / 2


def kernel_regression(queries: Tensor, keys: Tensor, values: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
    scores = scores_of(queries, keys, w)  # (n, m)
    weights = scores.softmax(dim=-1)
    predictions = weights @ values  # (n, C)
    return predictions, weights


def leave_one_out(keys: Tensor, values: Tensor, w: Tensor) -> Tensor:
    scores = scores_of(keys, keys, w)  # (m, m)
    itself = torch.eye(len(keys), dtype=torch.bool, device=keys.device)
    others = scores.masked_fill(itself, -math.inf)
    weights = others.softmax(dim=-1)  # 0 on the diagonal
    return weights @ values


class KernelRegression(nn.Module):
    def __init__(self, dims: int):
        super().__init__()
        self.w = nn.Parameter(torch.ones(dims))

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        predictions, _ = kernel_regression(queries, keys, values, self.w)
        return predictions

    def loss(self, keys: Tensor, values: Tensor) -> Tensor:
        predictions = leave_one_out(keys, values, self.w)
        errors = predictions - values
        return errors.square().mean()
