"""The trail: which of the attempt's intermediate values are right, and the first that matches nothing.

Attempt and reference run once more, traced; after each of their lines every floating tensor bound to a local or
to an attribute of `self` is kept. Values match when they are equal up to a permutation or merging of axes.
"""

import sys
from dataclasses import dataclass, field
from itertools import permutations
from types import FrameType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlkata.grading.collection import SuiteTest
from dlkata.grading.protocol import Match, Trail
from dlkata.grading.run import perform

MOST_VALUES = 400
LARGEST = 100_000
MOST_AXES = 5
SHOWN = 12


@dataclass(frozen=True)
class Value:
    line: int
    name: str
    array: np.ndarray


@dataclass
class Tracer:
    """Keeps the values that appear in one file."""

    file: str
    values: list[Value] = field(default_factory=list)
    _frames: dict[int, dict[str, tuple[int, int, int]]] = field(default_factory=dict)
    _lines: dict[int, int] = field(default_factory=dict)

    def begin(self, frame: FrameType) -> Any:
        # Arguments are known to both sides: they are no findings.
        self._frames[id(frame)] = {name: _identity(value) for name, value in _tensors(frame)}
        self._lines[id(frame)] = frame.f_lineno
        return self.step

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event in ("line", "return"):
            self._look(frame, self._lines[id(frame)])
            self._lines[id(frame)] = frame.f_lineno
        if event == "return":
            if type(arg) in (Tensor, torch.nn.Parameter):
                self._keep(frame.f_lineno, "return", arg)
            self._frames.pop(id(frame), None)
        return self.step

    def _look(self, frame: FrameType, line: int) -> None:
        seen = self._frames[id(frame)]
        for name, value in _tensors(frame):
            identity = _identity(value)
            if seen.get(name) != identity:
                seen[name] = identity
                self._keep(line, name, value)

    def _keep(self, line: int, name: str, value: Tensor) -> None:
        if len(self.values) < MOST_VALUES and 1 < value.numel() <= LARGEST and value.is_floating_point():
            self.values.append(Value(line, name, value.detach().cpu().to(torch.float64).numpy().copy()))


def follow(test: SuiteTest, candidate: ModuleType, reference: ModuleType, seed: int) -> Trail | None:
    mine, theirs = Tracer(str(candidate.__file__)), Tracer(str(reference.__file__))
    tracers = {tracer.file: tracer for tracer in (mine, theirs)}

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        tracer = tracers.get(frame.f_code.co_filename)
        return None if tracer is None else tracer.begin(frame)

    sys.settrace(trace)
    try:
        perform(test, candidate, reference, seed)
    finally:
        sys.settrace(None)
    return compare(mine.values, theirs.values)


def compare(mine: list[Value], theirs: list[Value]) -> Trail | None:
    """Matches in order, and the first of the attempt's values that is nowhere in the reference."""
    known = [value for value in theirs if not _constant(value.array)]
    if not known:
        return (
            None  # the attempt raised before the reference ran, or the reference has no intermediate values
        )
    matched: list[Match] = []
    first: Value | None = None
    for value in mine:
        if _constant(value.array):
            continue
        match = _match(value, known)
        if match is not None and not match.reordered:
            if match not in matched:
                matched.append(match)
            continue
        if match is not None:
            matched.append(match)
        first = value
        break
    if first is None:
        return None
    return Trail(first.line, first.name, matched[-SHOWN:])


def _match(value: Value, known: list[Value]) -> Match | None:
    flat = value.array.ravel()
    entries = np.sort(flat)
    reordered = None
    for other in known:
        if other.array.size != flat.size or not _close(entries, np.sort(other.array.ravel())):
            continue
        if _same_order(value.array, other.array):
            return Match(value.line, value.name, other.name)
        reordered = reordered or Match(value.line, value.name, other.name, reordered=True)
    return reordered


def _same_order(one: np.ndarray, other: np.ndarray) -> bool:
    """Equal up to a permutation of axes, or after merging neighbouring ones."""
    if one.ndim < other.ndim:
        one, other = other, one
    flat = other.ravel()
    if one.ndim > MOST_AXES:
        return _close(one.ravel(), flat)
    return any(_close(one.transpose(order).ravel(), flat) for order in permutations(range(one.ndim)))


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.allclose(one, other, rtol=1e-6, atol=1e-9, equal_nan=True))


def _constant(array: np.ndarray) -> bool:
    return bool((array == array.flat[0]).all())


def _tensors(frame: FrameType) -> list[tuple[str, Tensor]]:
    found = []
    for name, value in frame.f_locals.items():
        if isinstance(value, Tensor):
            found.append((name, value))
        elif name == "self":
            for attribute, inner in vars(value).items():
                if isinstance(inner, Tensor):
                    found.append((f"self.{attribute}", inner))
                elif isinstance(inner, (list, tuple)):
                    found += [
                        (f"self.{attribute}[{i}]", x) for i, x in enumerate(inner) if isinstance(x, Tensor)
                    ]
                elif isinstance(inner, dict) and not attribute.startswith("_"):
                    found += [
                        (f"self.{attribute}[{i}]", x)
                        for i, x in enumerate(inner.values())
                        if isinstance(x, Tensor)
                    ]
    return [(name, value) for name, value in found if type(value) in (Tensor, torch.nn.Parameter)]


def _identity(value: Tensor) -> tuple[int, int, int]:
    try:
        return id(value), value._version, value.data_ptr()
    except RuntimeError:  # a tensor without storage
        return id(value), 0, 0
