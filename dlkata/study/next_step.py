"""What to do next, computed from what has been done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dlkata.content.kata import Kata
from dlkata.progress.record import Status


@dataclass(frozen=True)
class Standing:
    """Where the learner stands with every kata."""

    katas: Sequence[Kata]  # in learning order
    statuses: Mapping[str, Status]
    edited: Mapping[str, datetime]  # when each existing attempt was last written

    def status(self, kata: Kata) -> Status:
        recorded = self.statuses.get(kata.name, Status.NEW)
        return Status.STARTED if recorded is Status.NEW and kata.name in self.edited else recorded

    @property
    def started(self) -> list[Kata]:
        """Begun and not solved, the one last worked on first."""
        begun = [kata for kata in self.katas if self.status(kata) is Status.STARTED]
        return sorted(begun, key=lambda kata: _age(self.edited.get(kata.name)))

    @property
    def solved(self) -> list[Kata]:
        return [kata for kata in self.katas if self.status(kata) is Status.SOLVED]

    def next_new(self) -> Kata | None:
        """The first new kata in learning order of which everything it builds on is solved; else the first new one."""
        new = [kata for kata in self.katas if self.status(kata) is Status.NEW]
        solved = {kata.stem for kata in self.solved}
        known = {kata.stem for kata in self.katas}
        ready = [kata for kata in new if all(a in solved or a not in known for a in kata.head.after)]
        return next(iter(ready or new), None)


def _age(edited: datetime | None) -> float:
    return -edited.timestamp() if edited else 0.0


def last_worked_on(event: tuple[str, datetime] | None, edited: Mapping[str, datetime]) -> str | None:
    """The kata last opened or edited: `dlkata check` without a name means this one."""
    moments = {name: when for name, when in edited.items()}
    if event is not None and event[0] in edited:
        moments[event[0]] = max(event[1], moments[event[0]])
    return max(moments, key=lambda name: moments[name]) if moments else None
