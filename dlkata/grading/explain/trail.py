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
from dataclasses import dataclass
from itertools import islice
from types import FrameType, ModuleType
from typing import Any

from dlkata.grading.collection import SuiteTest
from dlkata.grading.explain.matching import Known, is_constant
from dlkata.grading.explain.reads import names_read
from dlkata.grading.explain.tracing import RETURN, Tracer, Value
from dlkata.grading.protocol import Match, Trail
from dlkata.grading.work.run import perform

SHOWN = 12


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
        if not is_constant(value.array)
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
