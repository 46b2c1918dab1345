from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


def random_batches(
    tokens: Tensor,
    batch_size: int,
    num_steps: int,
    offset: int = 0,
    generator: torch.Generator | None = None,
) -> Iterable[tuple[Tensor, Tensor]]:
    raise NotImplementedError


def sequential_batches(
    tokens: Tensor, batch_size: int, num_steps: int, offset: int = 0
) -> Iterable[tuple[Tensor, Tensor]]:
    raise NotImplementedError


def train_epoch(
    model: Callable[..., Any],
    optimizer: torch.optim.Optimizer,
    batches: Iterable[tuple[Tensor, Tensor]],
    carry: bool,
) -> float:
    raise NotImplementedError
