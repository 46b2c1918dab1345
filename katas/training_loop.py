from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor, nn


class Trainer:
    def __init__(
        self,
        model: nn.Module,
        optimizer: Any,
        loss_fn: Callable[[Tensor, Tensor], Tensor],
        scheduler: Any = None,
        max_norm: float | None = None,
    ):
        raise NotImplementedError

    def train_epoch(self, loader: Iterable[tuple[Tensor, Tensor]]) -> float:
        raise NotImplementedError

    def evaluate(self, loader: Iterable[tuple[Tensor, Tensor]]) -> tuple[float, float]:
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        raise NotImplementedError

    def load_state_dict(self, state: dict[str, Any]) -> None:
        raise NotImplementedError
