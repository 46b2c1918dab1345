import torch
from torch import Tensor, nn


class InstanceNorm(nn.Module):
    def __init__(self, num_features: int, eps: float = 1e-5, affine: bool = False):
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError


def adain(content: Tensor, style: Tensor, eps: float = 1e-5) -> Tensor:
    raise NotImplementedError
