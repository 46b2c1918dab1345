import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int, hidden_size: int):
        raise NotImplementedError

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError


class AdditiveAttention(nn.Module):
    def __init__(self, query_size: int, key_size: int, hidden_size: int):
        raise NotImplementedError

    def forward(self, query: Tensor, keys: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError


class Decoder(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int, hidden_size: int):
        raise NotImplementedError

    def forward(
        self, tokens: Tensor, state: Tensor, keys: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        raise NotImplementedError


class Seq2Seq(nn.Module):
    def __init__(
        self, source_vocab: int, target_vocab: int, embed_size: int, hidden_size: int, bos: int, eos: int
    ):
        raise NotImplementedError

    def forward(self, source: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
        raise NotImplementedError

    def greedy(self, source: Tensor, lengths: Tensor, max_tokens: int) -> list[list[int]]:
        raise NotImplementedError


def masked_loss(logits: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    raise NotImplementedError
