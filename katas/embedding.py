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
        raise NotImplementedError

    def forward(self, tokens: Tensor) -> Tensor:
        raise NotImplementedError

    def logits(self, h: Tensor) -> Tensor:
        raise NotImplementedError
