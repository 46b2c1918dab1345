from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor, nn


def accumulate(
    model: nn.Module,
    micro_batches: Iterable[tuple[Tensor, Tensor]],
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    count: Callable[[Tensor], Any] = len,
) -> float:
    raise NotImplementedError


def train(
    model: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    optimizer: Any,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    every: int,
    count: Callable[[Tensor], Any] = len,
    max_norm: float | None = None,
) -> list[float]:
    raise NotImplementedError
