"""Where an interview stands, told from its steps and a clock alone: no file, no screen, no time of its own.

Whoever holds the interview asks `move` what comes next, does it, and writes the step that says so. After a crash the
same steps tell the same state: whatever was not written has not happened, except that time has passed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dlkata.progress.interviews import Did, Step, Work
from dlkata.study.interview.agenda import Part, Task, task_from

HINT, KATA_HINT = 0.5, 0.15  # what a hint costs, of its task


class Outcome(StrEnum):
    RIGHT = "right"
    PARTLY = "partly"
    WRONG = "wrong"
    CLOSED = "closed"  # open when time was up
    UNREACHED = "unreached"


class Reason(StrEnum):
    """Why it ended."""

    FINISHED = "finished"
    TIME = "time"
    STOPPED = "stopped"


class Move(StrEnum):
    """What comes next."""

    ASK = "ask"
    ANSWER = "answer"
    GRADE = "grade"  # the answer was given in time; to compare it takes none
    CLOSE = "close"
    END = "end"
    NOTHING = "nothing"  # it has ended


@dataclass(frozen=True)
class Result:
    """What became of a task. `share` of it was right, before hints."""

    task: Task
    outcome: Outcome
    share: float = 0.0
    hints: int = 0
    solution: bool = False
    seconds: float = 0.0
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def earned(self) -> float:
        """Of the task's points, from 0 to 1."""
        if self.solution:
            return 0.0
        cost = KATA_HINT if self.task.part is Part.KATA else HINT
        return self.share * max(0.0, 1.0 - cost * self.hints)


@dataclass
class Interview:
    steps: Sequence[Step]
    tasks: list[Task] = field(default_factory=list)
    results: dict[int, Result] = field(default_factory=dict)  # by the number of the task
    open: Step | None = None  # how the task that is open was asked
    hints: int = 0  # at that
    said: Step | None = None  # the answer to it that is still to be graded
    end: Step | None = None

    def __post_init__(self) -> None:
        first = self.steps[0]
        self.begun, self.minutes = first.at, int(first.detail["minutes"])
        self.seed, self.scope = int(first.detail["seed"]), dict(first.detail["scope"])
        self.tasks = [task_from(task) for task in first.detail["tasks"]]
        for step in self.steps[1:]:
            self._take(step)

    def _take(self, step: Step) -> None:
        if step.did is Did.ASKED:
            self.open, self.hints, self.said = step, 0, None
        elif step.did is Did.HINTED:
            self.hints += 1
        elif step.did is Did.SAID:
            self.said = step
        elif step.did is Did.DONE:
            self.results[self.position] = result_from(self.tasks[self.position], step.detail)
            self.open = self.said = None
        elif step.did is Did.ENDED:
            self.end = step

    @property
    def position(self) -> int:
        """The number of the task that is open or comes next, from 0."""
        return len(self.results)

    @property
    def task(self) -> Task | None:
        return self.tasks[self.position] if self.position < len(self.tasks) else None

    @property
    def limit(self) -> float:
        return self.minutes * 60.0

    @property
    def spent(self) -> float:
        """Seconds that have passed for certain."""
        return (self.steps[-1].at - self.begun).total_seconds()

    @property
    def last(self) -> int:
        return self.steps[-1].id

    def move(self, over: bool) -> Move:
        if self.end is not None:
            return Move.NOTHING
        if self.said is not None:
            return Move.GRADE
        if over:
            return Move.CLOSE if self.open is not None else Move.END
        if self.task is None:
            return Move.END
        return Move.ASK if self.open is None else Move.ANSWER

    def reason(self, over: bool) -> Reason:
        """Why it ends, if it ends now."""
        if self.task is None:
            return Reason.FINISHED
        return Reason.TIME if over else Reason.STOPPED

    def all_results(self) -> list[Result]:
        """Of every task, reached or not."""
        return [
            self.results.get(number) or Result(task, Outcome.UNREACHED)
            for number, task in enumerate(self.tasks)
        ]


def outcome_of(share: float) -> Outcome:
    return Outcome.RIGHT if share >= 1.0 else Outcome.PARTLY if share > 0 else Outcome.WRONG


def done(share: float, seconds: float, *, hints: int = 0, closed: bool = False, **more: Any) -> dict[str, Any]:  # fmt: skip
    """The detail of a step that says a task is done."""
    outcome = Outcome.CLOSED if closed else outcome_of(share)
    return {
        "outcome": outcome.value,
        "share": round(share, 3),
        "hints": hints,
        "seconds": round(seconds, 1),
        **more,
    }


def done_kata(work: Work, seconds: float, rung: int, *, closed: bool = False) -> dict[str, Any]:
    """The same of a kata; `rung` of its hints had been read before."""
    share = 1.0 if work.passed else work.share / 2  # half of it is worth something, but it is not the whole
    hints = max(0, work.rung - rung)
    closed = closed and not work.passed
    more = {"passed": work.passed, "checks": work.checks, "solution": work.solution}
    return done(share, seconds, hints=hints, closed=closed, **more)


def result_from(task: Task, detail: dict[str, Any]) -> Result:
    return Result(
        task, Outcome(detail["outcome"]), float(detail["share"]), int(detail["hints"]),
        bool(detail.get("solution")), float(detail["seconds"]), detail,
    )  # fmt: skip
