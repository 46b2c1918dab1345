"""What an expression yielded, as it is compared: its numbers, their kind and size, and when two are alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST_AXES = 5
LARGEST = 200_000  # entries
LONGEST = 4096  # numbers in a list
TENSORS = (Tensor, torch.nn.Parameter)


@dataclass(frozen=True)
class Key:
    """What a value may be exchanged for."""

    kind: str  # float · int · bool: tensors; number · flag · list
    size: int
    axes: int = 0

    @property
    def is_tensor(self) -> bool:
        return self.kind in ("float", "int", "bool")


@dataclass
class Noted:
    """What an expression yielded."""

    node: int  # negative: given, or held by a module
    value: Any  # the object itself: kept, so that no other gets its identity
    key: Key | None  # None: nothing that can be exchanged, but it may hold what can
    array: np.ndarray
    digest: tuple[float, ...]  # equal values have nearly equal ones, which is seen at once
    traced: bool = False  # gradients flow through it
    recorded: bool = True  # they would, for they are recorded here
    repeated: bool = False  # the very object that another expression yielded before


NOTHING = np.zeros(0)


def as_array(value: Any) -> np.ndarray | None:
    """The numbers of a value that may be exchanged."""
    if type(value) in TENSORS:
        if not 0 < value.numel() <= LARGEST or value.is_complex() or value.layout != torch.strided:
            return None
        try:
            return value.detach().to("cpu", torch.float64, copy=True).numpy()
        except RuntimeError:
            return None
    if isinstance(value, (list, tuple)) and 0 < len(value) <= LONGEST:
        numbers = [_number(inner) for inner in value]
        return None if None in numbers else np.array(numbers)
    number = _number(value)
    return None if number is None else np.array(number)


def _number(value: Any) -> float | None:
    if type(value) not in (bool, int, float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def key_of(value: Any, array: np.ndarray) -> Key:
    if isinstance(value, Tensor):
        kind = "bool" if value.dtype == torch.bool else "float" if value.is_floating_point() else "int"
        return Key(kind, array.size, array.ndim)
    if isinstance(value, (list, tuple)):
        return Key("list", array.size)
    return Key("flag" if isinstance(value, bool) else "number", 1)


def digest_of(array: np.ndarray) -> tuple[float, ...]:
    with np.errstate(all="ignore"):
        return float(array.min()), float(array.max()), float(array.sum())


def order_of_axes(have: Sequence[int], want: Sequence[int]) -> tuple[int, ...] | None:
    """How to permute axes of these sizes to get those."""
    if sorted(have) != sorted(want) or len(have) > MOST_AXES:
        return None
    return next((o for o in permutations(range(len(have))) if [have[i] for i in o] == list(want)), None)


def alike(one: Noted, other: Noted) -> bool:
    """Equal up to the order of axes, or after merging neighbouring ones."""
    if (
        one.key is None
        or other.key is None
        or (one.key.kind, one.key.size) != (other.key.kind, other.key.size)
    ):
        return False
    if not all(map(_near, one.digest, other.digest)):
        return False
    if one.key.size == 1:
        return True  # the digest is its value
    a, b = one.array, other.array
    if a.ndim < b.ndim:
        a, b = b, a
    flat = b.ravel()
    if _close(a.ravel(), flat):
        return True
    if a.ndim < 2 or a.ndim > MOST_AXES or not _close(np.sort(a.ravel()), np.sort(flat)):
        return False
    return any(_close(a.transpose(order).ravel(), flat) for order in permutations(range(a.ndim)))


def opposite(one: Noted, other: Noted) -> bool:
    """True for false, each in its place: what is hidden for one is seen for the other."""
    bools = one.key is not None and other.key is not None and one.key.kind == other.key.kind == "bool"
    return bools and np.array_equal(one.array.ravel(), 1 - other.array.ravel())


def _near(one: float, other: float) -> bool:
    return one == other or abs(one - other) <= 1e-10 + 1e-8 * abs(other) or (one != one and other != other)


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    if np.array_equal(one, other, equal_nan=True):
        return True
    scale = float(np.max(np.abs(other), initial=0.0, where=np.isfinite(other)))
    return bool(np.allclose(one, other, rtol=1e-9, atol=1e-12 * max(scale, 1e-3), equal_nan=True))
