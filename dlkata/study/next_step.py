"""What to do next, computed from what has been done."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dlkata.content.kata import Kata


class Status(StrEnum):
    NEW = "new"
    STARTED = "started"
    SOLVED = "solved"


@dataclass(frozen=True)
class Standing:
    """Where the learner stands with every kata."""

    katas: Sequence[Kata]  # in learning order
    passed: Set[str]
    begun: Mapping[str, datetime]  # when each attempt that is more than its stub was last written
    along: Sequence[str] = ()  # the katas of the path that is planned

    def status(self, kata: Kata) -> Status:
        if kata.name in self.passed:
            return Status.SOLVED
        return Status.STARTED if kata.name in self.begun else Status.NEW

    @property
    def started(self) -> list[Kata]:
        """Begun and not solved, the one last worked on first."""
        begun = [kata for kata in self.katas if self.status(kata) is Status.STARTED]
        return sorted(begun, key=lambda kata: -self.begun[kata.name].timestamp())

    @property
    def solved(self) -> list[Kata]:
        return [kata for kata in self.katas if self.status(kata) is Status.SOLVED]

    def next_new(self, behind: Kata | None = None) -> Kata | None:
        """The first new kata in learning order of which everything it builds on is solved; else the first new one.

        A path that is planned goes before. A newcomer's first is a short one that others build on. `behind` a kata, it is the one that follows, and
        after the last one the first: so that one can leaf through them.
        """
        new = [kata for kata in self.katas if self.status(kata) is Status.NEW]
        planned = [kata for kata in new if kata.name in self.along]
        if behind is None and planned:
            return min(planned, key=lambda kata: self.along.index(kata.name))
        if behind is not None:
            names = [kata.name for kata in self.katas]
            place = names.index(behind.name)
            new = [kata for kata in new if kata.name != behind.name]
            new.sort(key=lambda kata: (names.index(kata.name) - place) % len(names))
        choice = [kata for kata in new if self.is_ready(kata)] or new
        if behind is None and not self.passed:
            needed = {stem for kata in self.katas for stem in kata.head.after}
            choice.sort(key=lambda kata: (kata.stem not in needed, kata.head.level, kata.head.minutes))
        return next(iter(choice), None)

    def is_ready(self, kata: Kata) -> bool:
        solved = {kata.stem for kata in self.solved}
        known = {kata.stem for kata in self.katas}
        return all(stem in solved or stem not in known for stem in kata.head.after)


def last_worked_on(event: tuple[str, datetime] | None, edited: Mapping[str, datetime]) -> str | None:
    """The kata last opened or edited: `dlkata check` without a name means this one."""
    moments = {name: when for name, when in edited.items()}
    if event is not None and event[0] in edited:
        moments[event[0]] = max(event[1], moments[event[0]])
    return max(moments, key=lambda name: moments[name]) if moments else None
