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
COARSE = 1e4  # so much more may two values of float32's digits differ
TENSORS = (Tensor, torch.nn.Parameter)


@dataclass(frozen=True)
class Key:
    """What a value may be exchanged for."""

    kind: str  # float · int · bool · complex: tensors; number · flag · list
    size: int
    axes: int = 0

    @property
    def is_tensor(self) -> bool:
        return self.kind in ("float", "int", "bool", "complex")


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
    coarse: bool = False  # it has float32's digits, or fewer


NOTHING = np.zeros(0)


def as_array(value: Any) -> np.ndarray | None:
    """The numbers of a value that may be exchanged."""
    if type(value) in TENSORS:
        if not 0 < value.numel() <= LARGEST or value.layout != torch.strided:
            return None
        try:
            parts = value.detach().resolve_conj()
            parts = torch.view_as_real(parts) if parts.is_complex() else parts
            return parts.to("cpu", torch.float64, copy=True).numpy()
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
        return Key(_kind(value), array.size, array.ndim)
    if isinstance(value, (list, tuple)):
        return Key("list", array.size)
    return Key("flag" if isinstance(value, bool) else "number", 1)


def _kind(value: Tensor) -> str:
    if value.dtype == torch.bool:
        return "bool"
    return "complex" if value.is_complex() else "float" if value.is_floating_point() else "int"


def digest_of(array: np.ndarray) -> tuple[float, ...]:
    with np.errstate(all="ignore"):
        return float(array.min()), float(array.max()), float(array.sum())


def order_of_axes(have: Sequence[int], want: Sequence[int]) -> tuple[int, ...] | None:
    """How to permute axes of these sizes to get those."""
    if sorted(have) != sorted(want) or len(have) > MOST_AXES:
        return None
    return next((o for o in permutations(range(len(have))) if [have[i] for i in o] == list(want)), None)


def may_be_alike(one: Noted, other: Noted) -> bool:
    """At one look; for values of one kind and size."""
    least = one.digest[0]
    return not abs(least - other.digest[0]) > 1e-3 * (1 + abs(least))


def alike(one: Noted, other: Noted) -> bool:
    """Equal up to the order of axes, or after merging neighbouring ones."""
    if (
        one.key is None
        or other.key is None
        or (one.key.kind, one.key.size) != (other.key.kind, other.key.size)
    ):
        return False
    looser = COARSE if one.coarse and other.coarse else 1.0
    if not all(_near(mine, right, looser) for mine, right in zip(one.digest, other.digest, strict=True)):
        return False
    if one.key.size == 1:
        return True  # the digest is its value
    a, b = one.array, other.array
    if a.ndim < b.ndim:
        a, b = b, a
    flat = b.ravel()
    if _close(a.ravel(), flat, looser):
        return True
    if a.squeeze().shape == b.squeeze().shape:
        return False  # in the same form, transposed is another value
    if a.ndim < 2 or a.ndim > MOST_AXES or not _close(np.sort(a.ravel()), np.sort(flat), looser):
        return False
    return any(_close(a.transpose(order).ravel(), flat, looser) for order in permutations(range(a.ndim)))


def opposite(one: Noted, other: Noted) -> bool:
    """True for false, each in its place: what is hidden for one is seen for the other."""
    bools = one.key is not None and other.key is not None and one.key.kind == other.key.kind == "bool"
    return bools and np.array_equal(one.array.ravel(), 1 - other.array.ravel())


def _near(one: float, other: float, looser: float) -> bool:
    gap = (1e-10 + 1e-8 * abs(other)) * looser
    return one == other or abs(one - other) <= gap or (one != one and other != other)


def _close(one: np.ndarray, other: np.ndarray, looser: float) -> bool:
    if np.array_equal(one, other, equal_nan=True):
        return True
    scale = float(np.max(np.abs(other), initial=0.0, where=np.isfinite(other)))
    atol = 1e-12 * max(scale, 1e-3)
    return bool(np.allclose(one, other, rtol=1e-9 * looser, atol=atol * looser, equal_nan=True))
