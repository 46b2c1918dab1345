"""How far a right attempt's random numbers lie from the bounds that judge them.

The reference takes the attempt's place while its random numbers come from one stream after the other: as those of a
right attempt do that draws in another order.
"""

import math
from collections.abc import Iterator
from types import ModuleType

from dlkata.grading.collection import Suite, SuiteTest
from dlkata.grading.protocol import Bounded
from dlkata.grading.work.run import perform
from dlkata.suite.journals import Bound, journal

STREAMS, TRAINING_STREAMS = 200, 40
FIRST = 3  # streams that tell whether anything depends on chance at all


def measure(suite: Suite, candidate: ModuleType, reference: ModuleType, seed: int) -> Iterator[Bounded]:
    for test in suite.tests.values():
        yield from _of_test(test, candidate, reference, seed)


def _of_test(test: SuiteTest, candidate: ModuleType, reference: ModuleType, seed: int) -> Iterator[Bounded]:
    bounds: dict[tuple[int, str], list[Bound]] = {}
    failed, streams = 0, TRAINING_STREAMS if test.training else STREAMS
    for stream in range(1, streams + 1):
        failed += perform(test, candidate, reference, seed, stream) is not None
        for place, bound in enumerate(journal.bounds):
            bounds.setdefault((place, bound.name), []).append(bound)
        if stream == FIRST and not failed and not any(map(_varies, bounds.values())):
            return
    if failed:
        yield Bounded(test.name, "", streams=streams, failed=failed)
    for (_place, name), seen in bounds.items():
        if _varies(seen):
            values = [bound.value for bound in seen]
            mean = math.fsum(values) / len(values)
            deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
            room = min(_room(bound, mean) for bound in seen)
            yield Bounded(test.name, name, streams=len(seen), mean=mean, deviation=deviation, room=room)


def _varies(seen: list[Bound]) -> bool:
    return len({bound.value for bound in seen}) > 1


def _room(bound: Bound, mean: float) -> float:
    """From the mean to the nearer bound."""
    if bound.within is None:
        return mean - bound.target
    return bound.within - abs(mean - bound.target)
