"""Gradients of what an attempt computes."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from dlkata.suite.inputs import normal
from dlkata.suite.journals import is_plain

# Bound before anybody listens to them or takes them away.
GRAD = torch.autograd.grad
engine: Any = torch.autograd.Variable._execution_engine
run_backward: Any = engine.run_backward


def differentiate(
    outputs: Any, inputs: Any, weights: Any = None, **options: Any
) -> tuple[Tensor | None, ...]:
    """torch.autograd.grad, for suites: it works where the kata forbids it to attempts."""
    home: Any = torch.autograd.Variable
    away = home._execution_engine
    if away is engine:
        return GRAD(outputs, inputs, weights, **options)

    def once(*args: Any, **kwargs: Any) -> Any:
        home._execution_engine = away  # for what the attempt does within
        return run_backward(*args, **kwargs)

    home._execution_engine = SimpleNamespace(run_backward=once)
    try:
        return GRAD(outputs, inputs, weights, **options)
    finally:
        home._execution_engine = away


def gradients(outputs: Any, inputs: Sequence[Tensor]) -> list[Tensor | None]:
    """dL/d(input) for L = Σ output · c with a fixed random c, so that no error cancels out. None: no path."""
    flat = [o for o in ([outputs] if is_plain(outputs) else list(outputs)) if o.requires_grad]
    if not flat:
        return [None for _ in inputs]
    weights = normal(20, *(tuple(o.shape) for o in flat), grad=False)
    weights = [w.to(o.dtype) for w, o in zip(weights, flat, strict=True)]
    return list(differentiate(flat, list(inputs), weights, allow_unused=True))
