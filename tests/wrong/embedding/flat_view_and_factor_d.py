# mistake: The factor is d rather than its root, and tokens are flattened with view.
# bug: scale_by_width + tokens_viewed
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
        self.factor = float(embedding_dim) if scale else 1.0
        table = torch.randn(num_embeddings, embedding_dim) / math.sqrt(embedding_dim)
        if padding_idx is not None:
            table[padding_idx] = 0
        self.weight = nn.Parameter(table)

    def forward(self, tokens: Tensor) -> Tensor:
        rows = self.weight[tokens.view(-1)].view(*tokens.shape, -1)
        if self.padding_idx is not None:
            pad = (tokens == self.padding_idx).unsqueeze(-1)
            rows = torch.where(pad, rows.detach(), rows)
        return self.factor * rows

    def logits(self, h: Tensor) -> Tensor:
        return h @ self.weight.T
