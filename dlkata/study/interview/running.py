"""The interview that runs just now, as other commands see it: what is left, and what a hint costs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dlkata.progress.interviews import Interviews
from dlkata.progress.record import Record
from dlkata.study.countdown import Countdown
from dlkata.study.interview.agenda import Part
from dlkata.study.interview.scorecard import hint_points
from dlkata.study.interview.state import Interview


@dataclass
class Running:
    state: Interview
    countdown: Countdown

    def hint_points(self, kata: str) -> float:
        """What a hint for that kata costs; 0 where it is not the one that is open."""
        task = self.state.task
        if task is None or task.part is not Part.KATA or task.name != kata or self.countdown.over:
            return 0.0
        return hint_points(self.state.tasks, Part.KATA)


def running(record: Record, wall: Callable[[], datetime]) -> Running | None:
    kept = Interviews(record)
    name = kept.running()
    if name is None:
        return None
    state = Interview(kept.steps(name))
    return Running(state, Countdown(state.begun, state.limit, wall, spent=state.spent))
