"""An embedding table for both ends of a language model (tied as by Press & Wolf, 2017).

xₜ        = s · E[tokenₜ],   s = √d or 1
logits(h) = h Eᵀ
"""

import math

import torch
from torch import Tensor, nn


class Embedding(nn.Module):
    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        scale: bool = False,
    ):
        super().__init__()
        root = math.sqrt(embedding_dim)  # √d
        self.factor = root if scale else 1.0  # s
        table = torch.randn(num_embeddings, embedding_dim) / root
        if padding_idx is not None:
            padding_idx = padding_idx % num_embeddings  # −1 is the last row
            table[padding_idx] = 0
        self.padding_idx = padding_idx
        self.weight = nn.Parameter(table)  # E

    def forward(self, tokens: Tensor) -> Tensor:
        rows = self.weight[tokens]  # (..., d)
        if self.padding_idx is not None:
            padding = (tokens == self.padding_idx).unsqueeze(-1)  # (..., 1)
            rows = torch.where(padding, rows.detach(), rows)
        return self.factor * rows

    def logits(self, h: Tensor) -> Tensor:
        return h @ self.weight.mT  # (..., V)
