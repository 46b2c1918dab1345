"""Gradient accumulation: the gradient of a large batch from small ones.

    L = Σᵢ nᵢ Lᵢ / Σᵢ nᵢ

Lᵢ is the mean over the nᵢ items (samples, real tokens) of micro-batch i.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from torch import Tensor, nn


def accumulate(
    model: nn.Module,
    micro_batches: Iterable[tuple[Tensor, Tensor]],
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    count: Callable[[Tensor], Any] = len,
) -> float:
    """∇L is added to `.grad`; L is returned."""
    counted = [(x, y, int(count(y))) for x, y in micro_batches]
    total = sum(n for _, _, n in counted)
    mean = 0.0
    for x, y, n in counted:
        if n == 0:
            continue  # its own mean would be 0/0
        loss = loss_fn(model(x), y)
        part = loss * (n / total)
        part.backward()
        mean += part.item()
    return mean


def train(
    model: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    optimizer: Any,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    every: int,
    count: Callable[[Tensor], Any] = len,
    max_norm: float | None = None,
) -> list[float]:
    """One update from each `every` micro-batches, and from what is left in the end."""
    losses: list[float] = []
    loader = iter(loader)
    while group := list(islice(loader, every)):
        if not any(count(y) for _, y in group):
            continue
        optimizer.zero_grad()
        loss = accumulate(model, group, loss_fn, count)
        if max_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        losses.append(loss)
    return losses
