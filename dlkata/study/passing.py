"""What a pass means: how long it took, which concepts it proves, what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass

from dlkata.content.index import ConceptEntry
from dlkata.content.kata import Kata
from dlkata.content.solution import FollowUp
from dlkata.progress.record import Record
from dlkata.study.mastery import Known, Mastery, practised_by
from dlkata.study.next_step import Standing
from dlkata.study.rounds import Round, rounds


@dataclass(frozen=True)
class Passing:
    kata: Kata
    done: Round | None  # None where the same attempt had passed before
    proves: Sequence[tuple[ConceptEntry, Known]]
    follow_ups: Sequence[FollowUp]
    following: Kata | None


def passing(kata: Kata, record: Record | None, mastery: Mastery, standing: Standing) -> Passing:
    """After the pass was recorded."""
    proves = [(entry, mastery.of_concept(entry)) for entry in practised_by(kata, mastery.library)]
    return Passing(
        kata, _round(kata, record), proves, kata.solution.follow_ups, standing.next_new(behind=None)
    )


def _round(kata: Kata, record: Record | None) -> Round | None:
    """The round that ended just now."""
    if record is None:
        return None
    events = record.history(kata.name)
    last = next(reversed(list(rounds(events))), None)
    ended = last is not None and last.passed is not None and last.passed.id == events[-1].id
    return last if ended else None
