"""False alarms: does any bound of a suite turn right random numbers away?"""

from collections.abc import Callable
from dataclasses import dataclass

from dlkata.author.proof import check_of
from dlkata.content.kata import Kata
from dlkata.grading.client import events
from dlkata.grading.protocol import Bounded, Verdict
from dlkata.grading.wire import Line
from dlkata.locale import _

LEAST_DEVIATIONS = 4.0  # between mean and bound: an alarm in less than 1 of 10⁴


@dataclass(frozen=True)
class Alarms:
    bounds: int  # that depend on chance
    least: float | None  # deviations between a mean and its bound; None where nothing depends on chance
    complaints: list[str]


def measure_alarms(kata: Kata, open_line: Callable[[], Line]) -> Alarms:
    bounds, complaints, done = [], [], False
    line = open_line()
    for event in events(line, check_of(kata, "", "alarms", alarms=True)):
        if isinstance(event, Bounded):
            if event.failed:
                complaints.append(_("{test} turns the reference away in {failed} of {streams} streams.", test=event.test, failed=event.failed, streams=event.streams))  # fmt: skip
            else:
                bounds.append(event)
        elif isinstance(event, Verdict):
            done = event.passed
    line.close()
    complaints += [
        _("{test}: `{name}` is {mean:.4g} ± {deviation:.2g}, only {times:.1f} deviations within its bound.",
          test=b.test, name=b.name, mean=b.mean, deviation=b.deviation, times=deviations(b))
        for b in bounds if deviations(b) < LEAST_DEVIATIONS
    ]  # fmt: skip
    if not done:
        complaints.append(_("the bounds could not be measured to the end."))
    return Alarms(len(bounds), min(map(deviations, bounds), default=None), complaints)


def deviations(bounded: Bounded) -> float:
    return bounded.room / bounded.deviation
