"""Hears every value that an instrumented attempt and its shadow report, and can put one in the place of another."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from dlkata.grading.place.noting import NOTHING, TENSORS, Noted, as_array, digest_of, key_of, order_of_axes
from dlkata.grading.place.slicing import step_of, whole_of
from dlkata.grading.place.widening import is_coarse, is_fine, widened

FOLLOWED = "the followed value"
MOST_NOTES = 4000
LATEST = 16


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
    coarse: bool = (
        False  # what is given, or what the reference makes of it, has no more than float32's digits
    )
    latest: deque[Tensor] = field(
        default_factory=lambda: deque(maxlen=LATEST)
    )  # of those with more, newest first


@dataclass(frozen=True)
class Exchange:
    """The reference's value in the place of the attempt's: each for each, the last for the only one, all that one side
    has step by step for what the other has at once, or of what is true or false the opposite."""

    mine: int
    right: int
    last: bool = False
    steps: bool = False
    negated: bool = False
    whole: bool = False  # in its own shape
    # To see what matters of the right value: another number in its place, it with the dtype of what it replaces, or it
    # without a way back.
    besides: bool = False
    recast: bool = False
    detached: bool = False


class Ear:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.in_shadow = self.recording = False
        self.watching = False  # over what is given, which takes its time
        self.following: int | None = None  # the attempt's node over whose value it watches
        self.copied: int | None = None  # the attempt's node of whose value a copy goes on
        self.widening = False  # whether digits that are lost are given back,
        self.widening_at: set[int] | None = None  # and at which of the attempt's nodes, if not at all
        self.narrowed: list[tuple[int, str]] = []  # the attempt's nodes at which they are, and to what
        self.exchanges: dict[int, Exchange] = {}  # by the attempt's node
        self.wanted: set[int] = set()  # the reference's nodes
        self.replaced = self.notes = self.heard = 0
        self.names: list[str] = []  # of what is given, and of what a module holds after a call

    def restart(self, exchanges: Sequence[Exchange] = (), *, recording: bool = False) -> None:
        self.exchanges = {exchange.mine: exchange for exchange in exchanges}
        self.wanted = {exchange.right for exchange in exchanges}
        self.calls, self.recording, self.replaced, self.notes, self.heard = [], recording, 0, 0, 0
        self.in_shadow, self.narrowed, self.dtypes = False, [], set[tuple[str, str]]()
        self.seen: set[tuple[int, int]] = set()

    def begin(self, given: dict[str, Tensor], numbers: dict[str, float]) -> None:
        call = Call(given)
        if self.watching:
            call.versions = {name: x._version for name, x in given.items() if not x.is_inference()}
        self.calls.append(call)
        call.coarse = any(map(is_coarse, given.values()))
        for name, value in (given | numbers).items():
            self._named(call, name, value)

    def ended(self, state: dict[str, Tensor]) -> None:
        """What the shadow's module holds after the call."""
        for name, tensor in state.items():
            self._named(self.calls[-1], f"{name} afterwards", tensor)

    def _named(self, call: Call, name: str, value: Any) -> None:
        if name not in self.names:
            self.names.append(name)
        number = -1 - self.names.index(name)
        if number in self.wanted:
            call.planned[number] = [_live(value)]
        if self.recording:
            self._keep(call.right, number, value)

    def shadowing(self, on: bool) -> None:
        self.in_shadow = on

    def right(self, number: int, value: Any) -> Any:
        self.heard += 1
        if self.in_shadow and self.calls:
            call = self.calls[-1]
            call.coarse = call.coarse or is_coarse(value)
            if number in self.wanted:
                call.planned.setdefault(number, []).append(_live(value))
            if self.recording:
                self._keep(call.right, number, value)
        return value

    def mine(self, number: int, value: Any) -> Any:
        self.heard += 1
        if self.in_shadow or not self.calls:
            return value
        if number == self.copied and isinstance(value, Tensor):
            value = value.clone()
        call, exchange = self.calls[-1], self.exchanges.get(number)
        if exchange is not None:
            planned = call.planned.get(exchange.right, [])
            fitted = chosen(planned, exchange, call.used[number], value)
            call.used[number] += 1
            if fitted is not None:
                self.replaced += 1
                self.dtypes.add((_dtype(value), _dtype(planned[-1])))
                value = fitted
        if self.widening and not call.coarse:
            value = self._widened(call, number, value)
        if self.recording:
            self._keep(call.mine, number, value)
            self._look_after(call, number)
            # (Not a parameter: those are made to change.)
            if number == self.following and type(value) is Tensor and not value.is_inference():
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

    def _widened(self, call: Call, number: int, value: Any) -> Any:
        wanted = self.widening_at is None or number in self.widening_at
        if wanted and is_coarse(value) and not isinstance(value, torch.nn.Parameter):
            self.narrowed.append((number, _dtype(value)))
            value = widened(value, call.latest)
        if is_fine(value):
            call.latest.appendleft(value)
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
        digest = digest_of(array)
        traced = isinstance(value, Tensor) and value.requires_grad
        identity = id(value), getattr(value, "_version", 0)
        repeated = identity in self.seen
        self.seen.add(identity)
        key, recorded = key_of(value, array), torch.is_grad_enabled()
        notes.append(Noted(number, value, key, array, digest, traced, recorded, repeated, is_coarse(value)))


def _is_number(value: Any) -> bool:
    return value.dtype != torch.bool if isinstance(value, Tensor) else type(value) in (int, float)


def _dtype(value: Any) -> str:
    return str(value.dtype).removeprefix("torch.") if isinstance(value, Tensor) else ""


def _live(value: Any) -> Any:
    """As it is now, with its way back."""
    return value.clone() if type(value) in TENSORS else value


def chosen(planned: Sequence[Any], exchange: Exchange, time: int, value: Any) -> Any:
    """What takes the place of a value that is had for the `time`-th time, or None."""
    if exchange.steps:
        if not planned or not isinstance(value, Tensor):
            return None
        return step_of(planned[0], time, value) if len(planned) == 1 else whole_of(planned, value)
    place = len(planned) - 1 if exchange.last or exchange.right < 0 else time
    if not 0 <= place < len(planned):
        return None
    if exchange.whole:
        return planned[place]
    fitted = fit(~planned[place] if exchange.negated else planned[place], value)
    if isinstance(fitted, Tensor) and isinstance(value, Tensor):
        fitted = fitted.to(value.dtype) if exchange.recast else fitted
        fitted = fitted.detach() if exchange.detached else fitted
    return fitted + 1 if exchange.besides and _is_number(fitted) else fitted


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
