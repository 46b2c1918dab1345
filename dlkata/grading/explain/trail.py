"""The trail: which of the attempt's intermediate values are right, and the first that matches nothing.

Attempt and reference run once more, traced; after each of their lines every floating tensor bound to a local or
to an attribute of `self` is kept. Values match when they are equal up to a permutation or merging of axes.

Right attempts in another style have values of their own too. Three things clear such a value: it is an input in
another shape; a right value was computed from it, as the autograd graph or the statement shows; or what stands in
its place is right in another test.
"""

import linecache
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, permutations
from types import FrameType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlkata.grading.collection import SuiteTest
from dlkata.grading.explain.reads import names_read
from dlkata.grading.protocol import Match, Trail
from dlkata.grading.work.run import perform

MOST_VALUES = 600
LARGEST = 100_000
MOST_AXES = 5
SHOWN = 12
RETURN = "return"
RTOL, ATOL = {False: 1e-9, True: 1e-4}, {False: 1e-12, True: 1e-5}  # by whether one of the values is rough
OWN = ("_parameters", "_buffers")  # of a module: attributes to its author


@dataclass(frozen=True)
class Value:
    line: int
    name: str
    array: np.ndarray
    origin: Any = None  # the node of the autograd graph that computed it
    rough: bool = False  # not float64: right ways of computing it differ more
    wanted_at: int = 0  # the line that called for it, if it was returned

    @cached_property
    def entries(self) -> np.ndarray:
        return np.sort(self.array.ravel())

    @cached_property
    def extremes(self) -> np.ndarray:
        return self.entries[[0, -1]]


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
                self._keep(self.inputs, frame, frame.f_lineno, name, value)
        self._frames[id(frame)] = seen
        self._lines[id(frame)] = frame.f_lineno
        return self.step

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event in ("line", "return"):
            self._look(frame, self._lines[id(frame)])
            self._lines[id(frame)] = frame.f_lineno
        if event == "return":
            if type(arg) in (Tensor, torch.nn.Parameter):
                self._keep(self.values, frame, frame.f_lineno, RETURN, arg)
            self._frames.pop(id(frame), None)
        return self.step

    def _look(self, frame: FrameType, line: int) -> None:
        seen = self._frames[id(frame)]
        for name, value in _tensors(frame):
            identity = _identity(value)
            if seen.get(name) != identity:
                seen[name] = identity
                self._keep(self.values, frame, line, name, value)

    def _keep(self, values: list[Value], frame: FrameType, line: int, name: str, tensor: Tensor) -> None:
        if len(values) >= MOST_VALUES or not 1 < tensor.numel() <= LARGEST or not tensor.is_floating_point():
            return
        if type(tensor) is torch.nn.Parameter and frame.f_code.co_name == "__init__":
            return  # drawn at random, and replaced by the test before it counts
        array = tensor.detach().cpu().to(torch.float64).numpy().copy()
        caller = frame.f_back
        inside = name == RETURN and caller is not None and caller.f_code.co_filename == self.file
        values.append(
            Value(
                line,
                name,
                array,
                origin=tensor.grad_fn,
                rough=tensor.dtype != torch.float64,
                wanted_at=caller.f_lineno if caller is not None and inside else 0,
            )
        )


@dataclass(frozen=True)
class Judged:
    """One of the attempt's values: an input in some shape, a value of the reference's, or neither."""

    value: Value
    match: Match | None
    given: bool

    @property
    def place(self) -> tuple[int, str]:
        return self.value.line, self.value.name

    @property
    def is_right(self) -> bool:
        return self.given or (self.match is not None and not self.match.reordered)


@dataclass(frozen=True)
class Walk:
    """One test, followed."""

    failed: bool
    judged: list[Judged]
    suspects: list[int]  # positions of values that are wrong, by all that this test shows

    @property
    def right_places(self) -> set[tuple[int, str]]:
        """Where every value is right, or led to one that is."""
        return {one.place for one in self.judged} - {self.judged[number].place for number in self.suspects}


def earliest(
    tests: Iterable[SuiteTest], candidate: ModuleType, reference: ModuleType, seed: int
) -> Trail | None:
    """Of the trails of the failing tests, the one that leaves the right way first.

    What is always right in another test was written rightly, and strays only because of something before it: it is
    pointed at where there is nothing else.
    """
    reads = names_read("".join(linecache.getlines(str(candidate.__file__))))
    walks = [_walk(test, candidate, reference, seed, reads) for test in tests]
    right = {place for walk in walks for place in walk.right_places}
    for cleared in (right, set[tuple[int, str]]()):
        trails = [point(walk, cleared) for walk in walks if walk.failed]
        found = [trail for trail in trails if trail is not None]
        if found:
            return min(found, key=lambda trail: trail.line)
    return None


def _walk(
    test: SuiteTest, candidate: ModuleType, reference: ModuleType, seed: int, reads: Mapping[int, set[str]]
) -> Walk:
    mine, theirs = Tracer(str(candidate.__file__)), Tracer(str(reference.__file__))
    tracers = {tracer.file: tracer for tracer in (mine, theirs)}

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        tracer = tracers.get(frame.f_code.co_filename)
        return None if tracer is None else tracer.begin(frame)

    sys.settrace(trace)
    try:
        error = perform(test, candidate, reference, seed)
    finally:
        sys.settrace(None)
    judged = _judged(mine, theirs)
    return Walk(error is not None, judged, _suspects(judged, reads))


def _judged(mine: Tracer, theirs: Tracer) -> list[Judged]:
    """Each of the attempt's telling values with its match."""
    known, given = Known(theirs.values), Known([*theirs.inputs, *mine.inputs])
    if not known:
        return []  # the attempt raised before the reference ran
    return [
        Judged(value, None, given=True)
        if given.match(value) is not None
        else Judged(value, known.match(value), given=False)
        for value in mine.values
        if not _constant(value.array)
    ]


def point(walk: Walk, cleared: Set[tuple[int, str]]) -> Trail | None:
    """Matches in order, and the first value that nothing clears; none where the last thing returned is right.

    Then the values are right and the fault lies elsewhere: in the gradient, say.
    """
    judged = walk.judged
    returned = [one for one in judged if one.value.name == RETURN and not one.given]
    if returned and returned[-1].is_right:
        return None
    first = next((n for n in walk.suspects if judged[n].place not in cleared), None)
    if first is None:
        return None
    matched: list[Match] = []
    for number, one in enumerate(judged[: first + 1]):
        if one.match is not None and one.match not in matched and (one.is_right or number == first):
            matched.append(one.match)
    return Trail(judged[first].value.line, judged[first].value.name, matched[-SHOWN:])


def _suspects(judged: Sequence[Judged], reads: Mapping[int, set[str]]) -> list[int]:
    """The positions of values that are not right and from which no right value was computed."""
    telling = [n for n, one in enumerate(judged) if not one.given]
    values, is_right = [judged[n].value for n in telling], [judged[n].is_right for n in telling]
    nodes = _ancestors(value.origin for value, right in zip(values, is_right, strict=True) if right)
    sources = _read_by_right_ones(values, is_right, reads)
    return [
        telling[number]
        for number, value in enumerate(values)
        if not is_right[number]
        and number not in sources
        and (value.origin is None or value.origin not in nodes)
    ]


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
            line, earlier = values[number].line, range(number - 1, -1, -1)
            for name in reads.get(line, ()):
                cleared.update(islice((n for n in earlier if values[n].name == name), 1))
            cleared.update(islice((n for n in earlier if values[n].wanted_at == line), 1))
    return cleared


class Known:
    """Values to compare with, found by their size and their extremes."""

    def __init__(self, values: Sequence[Value]) -> None:
        self._of_size: dict[int, list[Value]] = {}
        self._rough = any(value.rough for value in values)
        for value in values:
            if not _constant(value.array):
                self._of_size.setdefault(value.array.size, []).append(value)
        self._extremes = {
            size: np.array([value.extremes for value in alike]) for size, alike in self._of_size.items()
        }

    def __bool__(self) -> bool:
        return bool(self._of_size)

    def match(self, value: Value) -> Match | None:
        """The first that equals it; failing that, one in another order."""
        reordered = None
        for other in self._worth_comparing(value):
            rough = value.rough or other.rough
            if not _close(value.entries, other.entries, rough):
                continue
            if _same_order(value.array, other.array, rough):
                return Match(value.line, value.name, other.name)
            reordered = reordered or Match(value.line, value.name, other.name, reordered=True)
        return reordered

    def _worth_comparing(self, value: Value) -> list[Value]:
        """Those of like size and extremes: a namesake first, then the newest: of several steps, the present one."""
        size = value.array.size
        if size not in self._of_size:
            return []
        distance = np.abs(self._extremes[size] - value.extremes).max(1)
        room = 2 * RTOL[value.rough or self._rough] * max(1e-3, *np.abs(value.extremes))
        found = [self._of_size[size][n] for n in np.flatnonzero(~(distance > room))]  # NaN is near to all
        return sorted(reversed(found), key=lambda other: other.name != value.name)


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
    if np.array_equal(one, other):
        return True
    scale = float(np.nanmax(np.abs(other), initial=0.0, where=np.isfinite(other)))
    atol = ATOL[rough] * max(scale, 1e-3)
    return bool(np.allclose(one, other, rtol=RTOL[rough], atol=atol, equal_nan=True))


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
                elif isinstance(inner, dict) and (not attribute.startswith("_") or attribute in OWN):
                    prefix = "self" if attribute in OWN else f"self.{attribute}"
                    found += [(f"{prefix}.{key}", x) for key, x in inner.items() if isinstance(x, Tensor)]
    return [(name, value) for name, value in found if type(value) in (Tensor, torch.nn.Parameter)]


def _identity(value: Tensor) -> tuple[int, int, int]:
    try:
        return id(value), value._version, value.data_ptr()
    except RuntimeError:  # a tensor without storage
        return id(value), 0, 0
