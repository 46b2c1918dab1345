"""Katas as cards: a solved kata comes back, to be written again from an empty stub."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dlkata.content.kata import Kata
from dlkata.progress.answers import KATA, Answer, Answers, Outcome
from dlkata.progress.day import DAY_ENDS, study_day
from dlkata.progress.record import Event, Kind, Record
from dlkata.study.scheduler import AGAIN, EASY, GOOD, HARD, advance

PAUSE = timedelta(minutes=20)  # a longer silence was a break
MANY_CHECKS = 6
QUICK, SLOW = 0.5, 2.0  # times the minutes on the kata's page


@dataclass
class Round:
    """From an empty stub to a pass."""

    checks: int = 0
    hints: int = 0
    solution: bool = False
    seconds: float = 0.0
    passed: Event | None = None
    _last: datetime | None = field(default=None, repr=False)

    def add(self, event: Event) -> None:
        if self._last is not None:
            self.seconds += max(timedelta(), min(event.at - self._last, PAUSE)).total_seconds()
        self._last = event.at
        if event.kind == Kind.CHECKED:
            self.checks += 1
            if event.passed:
                self.passed = event
        elif event.kind == Kind.HINTED:
            self.hints += 1
        elif event.kind == Kind.SOLUTION:
            self.solution = True


def rounds(events: Sequence[Event]) -> Iterator[Round]:
    """Those that ended with a pass. Checking a passing attempt again begins none; a reset does."""
    current: Round | None = Round()
    for event in events:
        if event.kind == Kind.RESET:
            current = Round()
        if current is None:
            continue
        current.add(event)
        if current.passed is not None:
            yield current
            current = None


def current_round(events: Sequence[Event]) -> Round:
    """The one that is going on: since the last reset, or since a pass, which leaves nothing to do."""
    current = Round()
    for event in events:
        if event.kind == Kind.RESET or current.passed is not None:
            current = Round()
        current.add(event)
    return current if current.passed is None else Round()


def rate_round(done: Round, minutes: int) -> int:
    """By attempts, time and hints. Whoever read the solution on the way could not do it yet."""
    if done.solution:
        return AGAIN
    allowed = minutes * 60
    if done.hints or done.checks > MANY_CHECKS or done.seconds > SLOW * allowed:
        return HARD
    return EASY if done.checks == 1 and 0 < done.seconds < QUICK * allowed else GOOD


def follow(record: Record, kata: Kata, ends: int = DAY_ENDS) -> None:
    """Moves a kata's card by the rounds that were finished since it was last moved."""
    answers = Answers(record)
    name = KATA + kata.name
    known = max((a.detail.get("event", 0) for a in answers.of_question(name)), default=0)
    for done in rounds(record.history(kata.name)):
        assert done.passed is not None
        if done.passed.id <= known:
            continue
        answer = Answer(
            name,
            Outcome.RIGHT,
            study_day(done.passed.at, ends),
            rating=rate_round(done, kata.head.minutes),
            seconds=round(done.seconds, 1),
            detail={
                "event": done.passed.id,
                "checks": done.checks,
                "hints": done.hints,
                "solution": done.solution,
            },
        )
        answers.add(answer, done.passed.at, advance)
