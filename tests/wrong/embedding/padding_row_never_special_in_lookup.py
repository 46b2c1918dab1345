# mistake: The padding row of a new table is drawn, and the logits send it no gradient.
# bug: padding_row_drawn + padding_hook
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
        self.weight = nn.Parameter(table)

    def forward(self, tokens: Tensor) -> Tensor:
        rows = self.weight[tokens]
        if self.padding_idx is not None:
            pad = (tokens == self.padding_idx).unsqueeze(-1)
            rows = torch.where(pad, rows.detach(), rows)
        return self.factor * rows

    def logits(self, h: Tensor) -> Tensor:
        table = self.weight
        if self.padding_idx is not None:
            keep = torch.ones(len(table), 1, dtype=torch.bool, device=table.device)
            keep[self.padding_idx] = False
            table = torch.where(keep, table, table.detach())
        return h @ table.T
