"""Hears every value that an instrumented attempt and its shadow report, and can put one in the place of another."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np
import torch
from torch import Tensor

FOLLOWED = "the followed value"
MOST_NOTES = 4000
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


@dataclass
class Call:
    """One call from outside, of both sides."""

    given: dict[str, Tensor]
    versions: dict[str, int] = field(default_factory=dict)  # of it, if somebody watches
    mine: list[Noted] = field(default_factory=list)
    right: list[Noted] = field(default_factory=list)
    planned: dict[int, list[Any]] = field(default_factory=dict)  # by the reference's node
    used: Counter[int] = field(default_factory=Counter)  # by the attempt's
    output: Any = None  # the shadow's
    edited: tuple[int, str] | None = (
        None  # the attempt's node behind which a given tensor differs, and its name
    )


@dataclass(frozen=True)
class Exchange:
    """The reference's value in the place of the attempt's: each for each, or the last for the only one."""

    mine: int
    right: int
    last: bool = False


class Ear:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.in_shadow = self.recording = False
        self.watching = False  # over what is given, which takes its time
        self.following: int | None = None  # the attempt's node over whose value it watches
        self.exchanges: dict[int, Exchange] = {}  # by the attempt's node
        self.wanted: set[int] = set()  # the reference's nodes
        self.replaced = self.notes = 0
        self.names: list[str] = []  # of what is given, and of what a module holds after a call

    def restart(self, exchanges: Sequence[Exchange] = (), *, recording: bool = False) -> None:
        self.exchanges = {exchange.mine: exchange for exchange in exchanges}
        self.wanted = {exchange.right for exchange in exchanges}
        self.calls, self.recording, self.replaced, self.notes = [], recording, 0, 0
        self.in_shadow = False
        self.seen: set[tuple[int, int]] = set()

    def begin(self, given: dict[str, Tensor]) -> None:
        call = Call(given)
        if self.watching:
            call.versions = {name: x._version for name, x in given.items() if not x.is_inference()}
        self.calls.append(call)
        for name, tensor in given.items():
            self._named(call, name, tensor)

    def ended(self, state: dict[str, Tensor]) -> None:
        """What the shadow's module holds after the call."""
        for name, tensor in state.items():
            self._named(self.calls[-1], f"{name} afterwards", tensor)

    def _named(self, call: Call, name: str, tensor: Tensor) -> None:
        if name not in self.names:
            self.names.append(name)
        number = -1 - self.names.index(name)
        if number in self.wanted:
            call.planned[number] = [_live(tensor)]
        if self.recording:
            self._keep(call.right, number, tensor)

    def shadowing(self, on: bool) -> None:
        self.in_shadow = on

    def right(self, number: int, value: Any) -> Any:
        if self.in_shadow and self.calls:
            call = self.calls[-1]
            if number in self.wanted:
                call.planned.setdefault(number, []).append(_live(value))
            if self.recording:
                self._keep(call.right, number, value)
        return value

    def mine(self, number: int, value: Any) -> Any:
        if self.in_shadow or not self.calls:
            return value
        call, exchange = self.calls[-1], self.exchanges.get(number)
        if exchange is not None:
            planned = call.planned.get(exchange.right, [])
            place = len(planned) - 1 if exchange.last or exchange.right < 0 else call.used[number]
            call.used[number] += 1
            if 0 <= place < len(planned) and (fitted := fit(planned[place], value)) is not None:
                self.replaced += 1
                value = fitted
        if self.recording:
            self._keep(call.mine, number, value)
            self._look_after(call, number)
            if number == self.following and isinstance(value, Tensor) and not value.is_inference():
                call.given[FOLLOWED], call.versions[FOLLOWED] = value, value._version
        return value

    @staticmethod
    def blank(_number: int, value: Any) -> Any:
        """Always the same, whatever lay there."""
        if isinstance(value, Tensor) and value.is_floating_point():
            value.detach().fill_(torch.nan)
        return value

    def edited(self, number: int, value: Any) -> Any:
        """As `mine`, for what was edited in place: so is what is put there, for others may hold the same tensor."""
        right = self.mine(number, value)
        if right is value or not isinstance(value, Tensor):
            return right
        try:
            if value.is_leaf and value.requires_grad:
                value.data.copy_(right)
            else:
                value.copy_(right)
        except RuntimeError:
            return right
        return value

    def _look_after(self, call: Call, number: int) -> None:
        if call.edited is None:
            for name, version in call.versions.items():
                if call.given[name]._version != version:
                    call.edited = number, name

    def _keep(self, notes: list[Noted], number: int, value: Any) -> None:
        if self.notes >= MOST_NOTES:
            return
        array = as_array(value)
        if array is None:
            if isinstance(value, (list, tuple)) and any(isinstance(inner, TENSORS) for inner in value):
                notes.append(Noted(number, value, None, NOTHING, ()))
            return
        self.notes += 1
        with np.errstate(all="ignore"):
            digest = float(array.min()), float(array.max()), float(array.sum())
        traced = isinstance(value, Tensor) and value.requires_grad
        identity = id(value), getattr(value, "_version", 0)
        repeated = identity in self.seen
        self.seen.add(identity)
        key, recorded = key_of(value, array), torch.is_grad_enabled()
        notes.append(Noted(number, value, key, array, digest, traced, recorded, repeated))


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


def _live(value: Any) -> Any:
    """As it is now, with its way back."""
    return value.clone() if type(value) in TENSORS else value


def fit(right: Any, value: Any) -> Any:
    """The right value in the form of the one it replaces, or None."""
    if isinstance(value, Tensor) and isinstance(right, Tensor):
        if right.numel() == value.numel() and right.shape != value.shape:
            order = order_of_axes(right.shape, value.shape)
            return right.permute(order) if order is not None else right.reshape(value.shape)
        return right
    if isinstance(value, (list, tuple)) and isinstance(right, (list, tuple)):
        return type(value)(right)
    both = type(value) in (bool, int, float) and type(right) in (bool, int, float)
    return right if both else None


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


def _near(one: float, other: float) -> bool:
    return one == other or abs(one - other) <= 1e-10 + 1e-8 * abs(other) or (one != one and other != other)


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    if np.array_equal(one, other, equal_nan=True):
        return True
    scale = float(np.max(np.abs(other), initial=0.0, where=np.isfinite(other)))
    return bool(np.allclose(one, other, rtol=1e-9, atol=1e-12 * max(scale, 1e-3), equal_nan=True))
