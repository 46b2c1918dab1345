"""The little of one's progress that home and lists tell in a line; `study.statistics` has all of it."""

from collections import Counter
from dataclasses import dataclass

from dlkata.progress.record import Record
from dlkata.progress.tallies import Tallies
from dlkata.study.mastery import Mark, Mastery

FORTNIGHT = 14  # days


@dataclass(frozen=True)
class Progress:
    marks: Counter[Mark]
    practised: int  # days of the last fourteen

    @property
    def begun(self) -> bool:
        """Whether there is anything to tell."""
        return self.practised > 0 or any(self.marks[mark] for mark in (Mark.KNOWN, Mark.LEARNING))


def progress(mastery: Mastery, record: Record | None) -> Progress:
    entries = mastery.library.index.concepts.values()
    marks = Counter(mastery.of_concept(entry).mark for entry in entries if entry.questions)
    practised = 0 if record is None else Tallies(record).practised(mastery.day, FORTNIGHT)
    return Progress(marks, practised)
