import torch
from torch import Tensor, nn


def segment_ids(tokens: Tensor, sep_id: int, pad_id: int = 0) -> Tensor:
    raise NotImplementedError


class BertEmbeddings(nn.Module):
    def __init__(
        self,
        vocab_size: int,
        hidden_size: int,
        max_length: int = 512,
        n_segments: int = 2,
        pad_id: int = 0,
        p: float = 0.1,
        eps: float = 1e-12,
    ):
        raise NotImplementedError

    def forward(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        raise NotImplementedError
