"""The trail: which of the attempt's intermediate values are right, and the first that matches nothing.

Attempt and reference run once more, traced; after each of their lines every floating tensor bound to a local or
to an attribute of `self` is kept. Values match when they are equal up to a permutation or merging of axes.

Right attempts in another style have values of their own too. Two things clear such a value: it is an input in
another shape, or a right value was computed from it, as the autograd graph or the statement shows.
"""

import linecache
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from types import FrameType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlkata.grading.collection import SuiteTest
from dlkata.grading.protocol import Match, Trail
from dlkata.grading.reads import names_read
from dlkata.grading.run import perform

MOST_VALUES = 600
LARGEST = 100_000
MOST_AXES = 5
SHOWN = 12
RETURN = "return"


@dataclass(frozen=True)
class Value:
    line: int
    name: str
    array: np.ndarray
    origin: Any = None  # the node of the autograd graph that computed it
    rough: bool = False  # not float64: right ways of computing it differ more


@dataclass
class Tracer:
    """Keeps the values that appear in one file."""

    file: str
    values: list[Value] = field(default_factory=list)
    inputs: list[Value] = field(default_factory=list)  # arguments as they came: known to both sides
    _frames: dict[int, dict[str, tuple[int, int, int]]] = field(default_factory=dict)
    _lines: dict[int, int] = field(default_factory=dict)

    def begin(self, frame: FrameType) -> Any:
        seen = {}
        for name, value in _tensors(frame):
            seen[name] = _identity(value)
            if not name.startswith("self."):
                _keep(self.inputs, frame.f_lineno, name, value)
        self._frames[id(frame)] = seen
        self._lines[id(frame)] = frame.f_lineno
        return self.step

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event in ("line", "return"):
            self._look(frame, self._lines[id(frame)])
            self._lines[id(frame)] = frame.f_lineno
        if event == "return":
            if type(arg) in (Tensor, torch.nn.Parameter):
                _keep(self.values, frame.f_lineno, RETURN, arg)
            self._frames.pop(id(frame), None)
        return self.step

    def _look(self, frame: FrameType, line: int) -> None:
        seen = self._frames[id(frame)]
        for name, value in _tensors(frame):
            identity = _identity(value)
            if seen.get(name) != identity:
                seen[name] = identity
                _keep(self.values, line, name, value)


def _keep(values: list[Value], line: int, name: str, value: Tensor) -> None:
    if len(values) < MOST_VALUES and 1 < value.numel() <= LARGEST and value.is_floating_point():
        array = value.detach().cpu().to(torch.float64).numpy().copy()
        values.append(Value(line, name, array, value.grad_fn, value.dtype != torch.float64))


def earliest(
    tests: Iterable[SuiteTest], candidate: ModuleType, reference: ModuleType, seed: int
) -> Trail | None:
    """Of the trails of several failing tests, the one that leaves the right way first."""
    trails = [follow(test, candidate, reference, seed) for test in tests]
    return min((trail for trail in trails if trail is not None), key=lambda trail: trail.line, default=None)


def follow(test: SuiteTest, candidate: ModuleType, reference: ModuleType, seed: int) -> Trail | None:
    """The trail of one failing test."""
    source = "".join(linecache.getlines(str(candidate.__file__)))
    return point(_judged(*_run(test, candidate, reference, seed)), names_read(source))


def _run(test: SuiteTest, candidate: ModuleType, reference: ModuleType, seed: int) -> tuple[Tracer, Tracer]:
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
    return mine, theirs


def _judged(mine: Tracer, theirs: Tracer) -> list[tuple[Value, Match | None]]:
    """Each of the attempt's telling values with its match; inputs in whatever shape are left out."""
    known = [value for value in theirs.values if not _constant(value.array)]
    given = [value for value in [*theirs.inputs, *mine.inputs] if not _constant(value.array)]
    if not known:
        return []  # the attempt raised before the reference ran
    judged: list[tuple[Value, Match | None]] = []
    for value in mine.values:
        if _constant(value.array) or _match(value, given) is not None:
            continue
        judged.append((value, _match(value, known)))
    return judged


def point(judged: Sequence[tuple[Value, Match | None]], reads: Mapping[int, set[str]]) -> Trail | None:
    """Matches in order, and the first value that nothing clears; none where the last thing returned is right.

    Then the values are right and the fault lies elsewhere: in the gradient, say.
    """
    returned = [match for value, match in judged if value.name == RETURN]
    if returned and returned[-1] is not None and not returned[-1].reordered:
        return None
    is_right = [match is not None and not match.reordered for _value, match in judged]
    nodes = _ancestors(value.origin for (value, _match), right in zip(judged, is_right, strict=True) if right)
    sources = _read_by_right_ones([value for value, _match in judged], is_right, reads)
    matched: list[Match] = []
    for number, (value, match) in enumerate(judged):
        wrong = not is_right[number]
        if wrong and (number in sources or (value.origin is not None and value.origin in nodes)):
            continue
        if match is not None and match not in matched:
            matched.append(match)
        if wrong:
            return Trail(value.line, value.name, matched[-SHOWN:])
    return None


def _ancestors(origins: Iterable[Any]) -> set[Any]:
    """Every autograd node from which one of these was computed."""
    found: set[Any] = set()
    waiting = [origin for origin in origins if origin is not None]
    while waiting:
        node = waiting.pop()
        for parent, _index in node.next_functions:
            if parent is not None and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found


def _read_by_right_ones(
    values: Sequence[Value], is_right: Sequence[bool], reads: Mapping[int, set[str]]
) -> set[int]:
    """The positions of values that a right value was computed from, directly or by way of others."""
    cleared: set[int] = set()
    for number in reversed(range(len(values))):
        if is_right[number] or number in cleared:
            for name in reads.get(values[number].line, ()):
                earlier = range(number - 1, -1, -1)
                last = next((n for n in earlier if values[n].name == name), None)
                if last is not None:
                    cleared.add(last)
    return cleared


def _match(value: Value, known: Sequence[Value]) -> Match | None:
    flat = value.array.ravel()
    entries = np.sort(flat)
    reordered = None
    # A namesake first, then the newest: of several steps, the present one.
    for other in sorted(reversed(known), key=lambda other: other.name != value.name):
        rough = value.rough or other.rough
        if other.array.size != flat.size or not _close(entries, np.sort(other.array.ravel()), rough):
            continue
        if _same_order(value.array, other.array, rough):
            return Match(value.line, value.name, other.name)
        reordered = reordered or Match(value.line, value.name, other.name, reordered=True)
    return reordered


def _same_order(one: np.ndarray, other: np.ndarray, rough: bool) -> bool:
    """Equal up to a permutation of axes, or after merging neighbouring ones."""
    if one.ndim < other.ndim:
        one, other = other, one
    flat = other.ravel()
    if one.ndim > MOST_AXES:
        return _close(one.ravel(), flat, rough)
    return any(_close(one.transpose(order).ravel(), flat, rough) for order in permutations(range(one.ndim)))


def _close(one: np.ndarray, other: np.ndarray, rough: bool) -> bool:
    """As close as two right ways of computing the same, and closer than a detour through float32."""
    scale = float(np.nanmax(np.abs(other), initial=0.0, where=np.isfinite(other)))
    rtol, atol = (1e-4, 1e-5) if rough else (1e-9, 1e-12)
    return bool(np.allclose(one, other, rtol=rtol, atol=atol * max(scale, 1e-3), equal_nan=True))


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
                elif isinstance(inner, dict) and (
                    not attribute.startswith("_") or attribute == "_parameters"
                ):
                    prefix = "self" if attribute == "_parameters" else f"self.{attribute}"
                    found += [(f"{prefix}.{key}", x) for key, x in inner.items() if isinstance(x, Tensor)]
    return [(name, value) for name, value in found if type(value) in (Tensor, torch.nn.Parameter)]


def _identity(value: Tensor) -> tuple[int, int, int]:
    try:
        return id(value), value._version, value.data_ptr()
    except RuntimeError:  # a tensor without storage
        return id(value), 0, 0
