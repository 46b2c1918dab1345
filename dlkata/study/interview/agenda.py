"""What an interview asks, drawn by chance from what is in scope, so that it fits the minutes."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

from dlkata.content.kata import Kata
from dlkata.content.question import Kind
from dlkata.study.next_step import Standing, Status
from dlkata.study.scheduler import allowed_seconds
from dlkata.study.selection import Bank, Item, Wish, in_scope

SHORTEST, USUAL, LONGEST = 5, 45, 180  # minutes
KATA_SHARE, FOLLOW_UP_SHARE = 2 / 3, 0.12  # of all the time, at most
QUICK_SHARE = 0.45  # of what these leave
FOLLOW_UPS = 3
GRADING = 30  # seconds in which key points are compared
FOLLOW_UP_SECONDS = 60 + GRADING
MOST = {"quick": 16, "aloud": 8}  # whoever is asked more learns nothing more about themselves


class Part(StrEnum):
    """In the order in which they come."""

    QUICK = "quick"
    ALOUD = "aloud"
    KATA = "kata"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True)
class Task:
    part: Part
    name: str  # of a question or a kata
    par: int  # seconds it should take
    number: int = 0  # of a follow-up of that kata

    def as_json(self) -> dict[str, Any]:
        return {"part": self.part.value, "name": self.name, "par": self.par, "number": self.number}


def task_from(told: dict[str, Any]) -> Task:
    return Task(Part(told["part"]), told["name"], int(told["par"]), int(told.get("number", 0)))


@dataclass(frozen=True)
class Scope:
    """What an interview is about; empty means all there is."""

    topics: tuple[str, ...] = ()
    level: int | None = None
    path: str = ""
    concepts: tuple[str, ...] = ()  # of the path
    katas: tuple[str, ...] = ()  # of the path

    def as_json(self) -> dict[str, Any]:
        return {"topics": list(self.topics), "level": self.level, "path": self.path}

    def holds(self, kata: Kata) -> bool:
        return (
            (not self.topics or kata.head.topic in self.topics)
            and (self.level is None or kata.head.level == self.level)
            and (not self.path or kata.name in self.katas)
        )


@dataclass
class Agenda:
    minutes: int
    tasks: list[Task] = field(default_factory=list)

    def of(self, part: Part) -> list[Task]:
        return [task for task in self.tasks if task.part is part]

    @property
    def par(self) -> int:
        return sum(task.par for task in self.tasks)


def draw_up(
    minutes: int, scope: Scope, bank: Bank, standing: Standing, rng: Random, without: Set[str] = frozenset()
) -> Agenda:
    """`without` are questions that were answered lately: they come only where there is nothing else."""
    kata = _kata(minutes, scope, standing, rng)
    ends: list[Task] = []
    if kata is not None:
        ends.append(Task(Part.KATA, kata.name, kata.head.minutes * 60))
        room = int(minutes * 60 * FOLLOW_UP_SHARE // FOLLOW_UP_SECONDS)
        for number in range(min(FOLLOW_UPS, max(1, room), len(kata.solution.follow_ups))):
            ends.append(Task(Part.FOLLOW_UP, kata.name, FOLLOW_UP_SECONDS, number))
    left = minutes * 60 - sum(task.par for task in ends)
    items = [*in_scope(Wish(topics=scope.topics, concepts=scope.concepts, level=scope.level), bank)]
    rng.shuffle(items)
    items.sort(key=lambda item: item.id in without)
    aloud = _drawn(Part.ALOUD, items, left * (1 - QUICK_SHARE), set())
    quick = _drawn(Part.QUICK, items, left - sum(t.par for t in aloud), {concept_of(t.name) for t in aloud})
    return Agenda(minutes, [*quick, *aloud, *ends])


def concept_of(question: str) -> str:
    return question.rpartition(".")[0]


def _kata(minutes: int, scope: Scope, standing: Standing, rng: Random) -> Kata | None:
    """One that fits: such as the learner is ready for, solved before or not; else a new one; else one that is begun,
    which nobody likes to see set aside."""
    fitting = [k for k in standing.katas if scope.holds(k) and k.head.minutes <= minutes * KATA_SHARE]
    begun = [kata for kata in fitting if standing.status(kata) is Status.STARTED]
    fresh = [kata for kata in fitting if kata not in begun]
    ready = [k for k in fresh if standing.status(k) is Status.SOLVED or standing.is_ready(k)]
    choice = ready or fresh or begun
    return rng.choice(choice) if choice else None


def _drawn(part: Part, items: Sequence[Item], room: float, concepts: Set[str]) -> list[Task]:
    """As many as the room holds, the easier first; no two of one concept while there are others."""
    seconds, taken, tasks = 0, set(concepts), list[tuple[Item, Task]]()
    for item in _other_concepts_first(
        [i for i in items if (i.kind is Kind.RECALL) == (part is Part.ALOUD)], taken
    ):
        par = allowed_seconds(item.kind, item.level) + (GRADING if part is Part.ALOUD else 0)
        if len(tasks) < MOST[part.value] and seconds + par <= room:
            seconds += par
            tasks.append((item, Task(part, item.id, par)))
    return [task for _item, task in sorted(tasks, key=lambda pair: pair[0].level)]


def _other_concepts_first(items: Iterable[Item], taken: set[str]) -> list[Item]:
    first, again = list[Item](), list[Item]()
    for item in items:
        (again if item.concept in taken else first).append(item)
        taken.add(item.concept)
    return first + again
