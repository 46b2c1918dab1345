"""Digits that are lost: float32 where what is given, and all that the reference makes of it, has more."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

DIGITS = 4  # bytes of a number, or fewer


def is_coarse(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and value.element_size() <= DIGITS


def is_fine(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype == torch.float64


def widened(value: Tensor, latest: Iterable[Tensor]) -> Tensor:
    """What was rounded to it, if that was heard of; else itself with more room."""
    for fine in latest:
        if fine.shape == value.shape and torch.equal(fine.detach().to(value.dtype), value.detach()):
            return fine.clone()
    return value.double()
