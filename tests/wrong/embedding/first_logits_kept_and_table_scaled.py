# mistake: scale multiplies the table when it is made, and logits keep its transpose of the first call.
import math

import torch
from torch import Tensor, nn


class Embedding(nn.Module):
    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, scale: bool = False
    ):
        super().__init__()
        if padding_idx is not None and padding_idx < 0:
            padding_idx += num_embeddings
        self.padding_idx = padding_idx
        self.factor = math.sqrt(embedding_dim) if scale else 1.0
        table = torch.randn(num_embeddings, embedding_dim) / math.sqrt(embedding_dim)
        if scale:
            table = table * math.sqrt(embedding_dim)
        if padding_idx is not None:
            table[padding_idx] = 0
        self.weight = nn.Parameter(table)

    def forward(self, tokens: Tensor) -> Tensor:
        rows = self.weight[tokens]
        if self.padding_idx is not None:
            pad = (tokens == self.padding_idx).unsqueeze(-1)
            rows = torch.where(pad, rows.detach(), rows)
        return rows

    def logits(self, h: Tensor) -> Tensor:
        if not hasattr(self, "out"):
            self.out = self.weight.T.clone()
        return h @ self.out
