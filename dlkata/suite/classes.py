"""A small classifier at work: the training that most suites of layers end with."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from dlkata.suite.inputs import integers


def train(
    net: nn.Module,
    x: Tensor,
    labels: Tensor,
    seed: int,
    *,
    steps: int,
    batch: int = 50,
    optimizer: Callable[..., Any] = torch.optim.SGD,
    **options: float,
) -> list[float]:
    """The losses of `net` on batches drawn from `seed`: `train(net, x, labels, seed, steps=60, lr=0.3)`."""
    stepper = optimizer(net.parameters(), **options)
    losses = []
    for chosen in integers(seed, len(x), (steps, batch))[0]:
        loss = nn.functional.cross_entropy(net(x[chosen]), labels[chosen])
        stepper.zero_grad()
        loss.backward()
        stepper.step()
        losses.append(loss.item())
    return losses


def accuracy(net: nn.Module, x: Tensor, labels: Tensor) -> float:
    """The share of x that `net`, in the mode it is in, puts into the right class."""
    with torch.no_grad():
        return (net(x).argmax(-1) == labels).double().mean().item()
