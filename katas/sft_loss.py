from collections.abc import Iterable

from torch import Tensor


def pack(
    examples: Iterable[tuple[list[int], list[int]]], length: int, pad: int = 0
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    raise NotImplementedError


def packing_mask(documents: Tensor) -> Tensor:
    raise NotImplementedError


def sft_loss(logits: Tensor, labels: Tensor, count: float | Tensor | None = None) -> Tensor:
    raise NotImplementedError
