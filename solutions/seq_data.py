"""A long text as batches of n steps, cut in two ways, and an epoch of truncated backpropagation through time.

Of T tokens, from an offset o on, T − 1 − o can be inputs: each needs the token behind it as its label.

    random:      m = ⌊(T − 1 − o) / n⌋ windows that touch, in random order, B at a time
    sequential:  B rows of L = ⌊(T − 1 − o) / B⌋, read side by side, n columns at a time
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def random_batches(
    tokens: Tensor,
    batch_size: int,
    num_steps: int,
    offset: int = 0,
    generator: torch.Generator | None = None,
) -> Iterator[tuple[Tensor, Tensor]]:
    num_windows = max(0, (len(tokens) - 1 - offset) // num_steps)
    order = torch.randperm(num_windows, generator=generator)
    starts = offset + order * num_steps
    for first in range(0, num_windows - batch_size + 1, batch_size):
        chosen = starts[first : first + batch_size]
        positions = chosen[:, None] + torch.arange(num_steps)  # (B, n)
        x = tokens[positions]
        y = tokens[positions + 1]
        yield x, y


def sequential_batches(
    tokens: Tensor, batch_size: int, num_steps: int, offset: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    row_length = max(0, (len(tokens) - 1 - offset) // batch_size)
    end = offset + batch_size * row_length
    inputs = tokens[offset:end].reshape(batch_size, row_length)
    labels = tokens[offset + 1 : end + 1].reshape(batch_size, row_length)
    for first in range(0, row_length - num_steps + 1, num_steps):
        x = inputs[:, first : first + num_steps].clone()
        y = labels[:, first : first + num_steps].clone()
        yield x, y


def detached(state: Any) -> Any:
    if isinstance(state, tuple):
        return tuple(part.detach() for part in state)
    return state.detach()


def train_epoch(
    model: Callable[..., Any],
    optimizer: torch.optim.Optimizer,
    batches: Iterable[tuple[Tensor, Tensor]],
    carry: bool,
) -> float:
    state = None
    total, count = 0.0, 0
    for x, y in batches:
        logits, new_state = model(x, state)  # (B, n, V)
        loss = cross_entropy(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        state = detached(new_state) if carry else None
        total += loss.item() * y.numel()
        count += y.numel()
    return total / count
