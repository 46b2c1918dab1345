import torch
from torch import Tensor, nn


class KVCache:
    def __init__(self, max_len: int):
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def truncate(self, length: int) -> None:
        raise NotImplementedError


class CachedAttention(nn.Module):
    def __init__(self, d_model: int, n_heads: int):
        raise NotImplementedError

    def forward(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        raise NotImplementedError
