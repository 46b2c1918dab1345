import torch
from torch import Tensor


def padding_mask(lengths: Tensor, size: int) -> Tensor:
    raise NotImplementedError


def causal_mask(queries: int, keys: int, device: torch.device | str | None = None) -> Tensor:
    raise NotImplementedError


def sliding_mask(queries: int, keys: int, window: int, device: torch.device | str | None = None) -> Tensor:
    raise NotImplementedError


def packed_mask(documents: Tensor) -> Tensor:
    raise NotImplementedError


def combine(*masks: Tensor | None) -> Tensor | None:
    raise NotImplementedError


def additive_mask(mask: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    raise NotImplementedError


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    raise NotImplementedError
