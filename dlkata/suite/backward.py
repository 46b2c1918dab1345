"""Gradients of what an attempt computes."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from dlkata.suite.inputs import normal
from dlkata.suite.journals import is_plain

GRAD = (
    torch.autograd.grad
)  # before anybody takes it away: where a pass is confirmed, forbidden calls are gone


class Gate:
    """Open while a suite differentiates: where a kata forbids autograd, its engine answers to nobody else."""

    def __init__(self) -> None:
        self.open = False


gate = Gate()


def differentiate(
    outputs: Any, inputs: Any, weights: Any = None, **options: Any
) -> tuple[Tensor | None, ...]:
    """torch.autograd.grad, for suites: it works where the kata forbids it to attempts."""
    gate.open = True
    try:
        return GRAD(outputs, inputs, weights, **options)
    finally:
        gate.open = False


def gradients(outputs: Any, inputs: Sequence[Tensor]) -> list[Tensor | None]:
    """dL/d(input) for L = Σ output · c with a fixed random c, so that no error cancels out. None: no path."""
    flat = [o for o in ([outputs] if is_plain(outputs) else list(outputs)) if o.requires_grad]
    if not flat:
        return [None for _ in inputs]
    weights = normal(20, *(tuple(o.shape) for o in flat), grad=False)
    weights = [w.to(o.dtype) for w, o in zip(weights, flat, strict=True)]
    return list(differentiate(flat, list(inputs), weights, allow_unused=True))
