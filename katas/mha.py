import torch
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        raise NotImplementedError

    def forward(self, x: Tensor, valid: Tensor | None = None, causal: bool = False) -> Tensor:
        raise NotImplementedError
