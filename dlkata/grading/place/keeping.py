"""What a shadow must leave as it found it, and what a call is given."""

import inspect
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def listed(args: Sequence[Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The arguments for the attempt, and for whoever looks at them first: a generator can be asked but once."""
    kept = tuple(list(arg) if hasattr(arg, "__next__") else arg for arg in args)
    return tuple(iter(k) if hasattr(a, "__next__") else k for a, k in zip(args, kept, strict=True)), kept


@contextmanager
def unchanged(tensors: Iterable[Tensor]) -> Iterator[None]:
    """What a reference edits in place is the attempt's to edit."""
    held = [
        part
        for tensor in tensors
        for part in (tensor, tensor.grad if tensor.is_leaf else None)
        if part is not None
    ]
    before = [(part, part._version, part.detach().clone()) for part in held if not part.is_inference()]
    grads = [(tensor, tensor.grad) for tensor in held if tensor.is_leaf]
    try:
        yield
    finally:
        for tensor, grad in grads:
            if tensor.grad is not grad:
                tensor.grad = grad
        for part, version, copied in before:
            if part._version != version:
                part.data.copy_(copied)


def held(module: Any) -> dict[str, Tensor]:
    if not isinstance(module, nn.Module):
        return {}
    return {f"self.{name}": tensor for name, tensor in (*module.named_parameters(), *module.named_buffers())}


def numbers_of(function: Callable[..., Any], args: Any, kwargs: Any) -> dict[str, float]:
    """As `tensors_of`, with the numbers that were left out."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except TypeError:
        return {}
    bound.apply_defaults()
    return {name: value for name, value in bound.arguments.items() if type(value) in (int, float)}


def tensors_of(function: Callable[..., Any], args: Any, kwargs: Any) -> dict[str, Tensor]:
    """What is given to a call, by the names of its parameters."""
    names = inspect.signature(function).parameters
    given = dict(zip(names, args, strict=False)) | kwargs
    found: dict[str, Tensor] = {}
    for name, value in given.items():
        for i, inner in enumerate(value if isinstance(value, (list, tuple)) else [value]):
            if isinstance(inner, Tensor):
                found[name if inner is value else f"{name}[{i}]"] = inner
    return found


@contextmanager
def chance_kept() -> Iterator[None]:
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        np.random.set_state(states[2])
