"""How an interview went: points by part, time against par, hints, what to repair, what the schedule changed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from dlkata.study.interview.agenda import Part, Task, concept_of
from dlkata.study.interview.state import HINT, KATA_HINT, Interview, Outcome, Result

WEIGHTS = {Part.QUICK: 30.0, Part.ALOUD: 25.0, Part.KATA: 35.0, Part.FOLLOW_UP: 10.0}
GOOD = 0.75  # below that a concept is to be repaired
Share = Annotated[float, Meta(ge=0)]


class PartScore(msgspec.Struct, frozen=True):
    """Of one part: how many tasks, how many of them were done, points, seconds, par of what was reached."""

    part: Part
    tasks: int
    reached: int
    right: int
    points: float
    of: float
    seconds: float
    par: int
    hints: int


class Scorecard(msgspec.Struct, frozen=True):
    minutes: int
    seconds: float
    reason: str
    points: float
    parts: list[PartScore]
    hints: int
    kata: str = ""
    passed: bool | None = None  # None where there was no kata, or it was not reached
    repair: list[str] = []  # concepts, the most points lost first
    comes_back: dict[str, int] = {}  # day → how many questions


def worth(tasks: Sequence[Task], part: Part) -> float:
    """The points of one part: a hundred in all, for the parts there are."""
    there = {task.part for task in tasks}
    return 100.0 * WEIGHTS[part] / sum(WEIGHTS[p] for p in there) if part in there else 0.0


def hint_points(tasks: Sequence[Task], part: Part) -> float:
    """What a hint costs at one of its tasks, at most."""
    share = KATA_HINT if part is Part.KATA else HINT
    return worth(tasks, part) / max(1, sum(task.part is part for task in tasks)) * share


def score(
    interview: Interview, seconds: float, reason: str, kata_concepts: Sequence[str], due: Mapping[str, int]
) -> Scorecard:
    """`due`: the day on which each question comes back now."""
    results = interview.all_results()
    parts = [_part(p, results, worth(interview.tasks, p)) for p in Part if any(r.task.part is p for r in results)]  # fmt: skip
    kata = next((r for r in results if r.task.part is Part.KATA), None)
    reached = kata is not None and kata.outcome is not Outcome.UNREACHED
    days = [day for _question, day in sorted(due.items())]
    return Scorecard(
        minutes=interview.minutes,
        seconds=round(seconds, 1),
        reason=reason,
        points=round(sum(part.points for part in parts), 1),
        parts=parts,
        hints=sum(part.hints for part in parts),
        kata=kata.task.name if kata is not None else "",
        passed=bool(kata.detail.get("passed")) if reached and kata is not None else None,
        repair=list(_to_repair(results, kata_concepts)),
        comes_back={str(day): days.count(day) for day in sorted(set(days))},
    )


def _part(part: Part, results: Sequence[Result], points: float) -> PartScore:
    own = [r for r in results if r.task.part is part]
    reached = [r for r in own if r.outcome is not Outcome.UNREACHED]
    return PartScore(
        part=part,
        tasks=len(own),
        reached=len(reached),
        right=sum(r.outcome is Outcome.RIGHT for r in own),
        points=round(points * sum(r.earned for r in own) / len(own), 2),
        of=round(points, 2),
        seconds=round(sum(r.seconds for r in reached), 1),
        par=sum(r.task.par for r in reached),
        hints=sum(r.hints for r in own),
    )


def _to_repair(results: Iterable[Result], kata_concepts: Sequence[str]) -> Iterable[str]:
    """Those of which least was known first; a kata that was reached and not passed names its own, last."""
    lost: dict[str, float] = {}
    for result in results:
        if result.outcome is Outcome.UNREACHED or result.earned >= GOOD:
            continue
        if result.task.part in (Part.QUICK, Part.ALOUD):
            names, share = [concept_of(result.task.name)], result.earned
        elif result.task.part is Part.KATA:
            names, share = [*kata_concepts], 1.0 + result.earned
        else:
            continue
        for name in names:
            lost[name] = min(share, lost.get(name, share))
    return sorted(lost, key=lambda name: lost[name])
