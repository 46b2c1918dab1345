import torch
from torch import Tensor, nn


class TransformerBlock(nn.Module):
    def __init__(self, d_model: int, n_heads: int, d_ff: int, dropout: float = 0.1, norm_first: bool = True):
        raise NotImplementedError

    def forward(self, x: Tensor, valid: Tensor | None = None, causal: bool = False) -> Tensor:
        raise NotImplementedError
