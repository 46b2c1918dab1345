"""Sums of the record, which SQLite keeps while answers and events are written: reading them costs the same however
long the record is."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from dlkata.progress.answers import KATA
from dlkata.progress.record import Record, explained


@dataclass(frozen=True)
class Day:
    """What was done on one study day."""

    day: int
    right: int = 0
    wrong: int = 0
    seconds: float = 0.0  # on questions
    checks: int = 0
    passes: int = 0
    kata_seconds: float = 0.0

    @property
    def answered(self) -> int:
        return self.right + self.wrong

    @property
    def minutes(self) -> float:
        return (self.seconds + self.kata_seconds) / 60

    @property
    def practised(self) -> bool:
        """Opening a page is no practice."""
        return self.answered + self.checks > 0


@dataclass(frozen=True)
class Trap:
    """An option that was taken in wrong answers."""

    question: str
    content: str
    option: int
    times: int


@dataclass(frozen=True)
class Effort:
    """What a kata has cost so far."""

    kata: str
    checks: int = 0
    passes: int = 0
    hints: int = 0
    first_seconds: float | None = None  # from the empty stub to its first pass
    last_seconds: float | None = None  # of the newest round
    last_day: int | None = None


RECOUNT = """
DELETE FROM days; DELETE FROM traps; DELETE FROM efforts;
INSERT INTO days (day, correct, missed, seconds)
    SELECT day, SUM(correct), SUM(missed), SUM(seconds) FROM answered GROUP BY day;
INSERT INTO traps SELECT question, content, option, SUM(sign) FROM fallen GROUP BY 1, 2, 3;
INSERT INTO efforts SELECT kata, SUM(checks), SUM(passes), SUM(hints) FROM happened GROUP BY kata;
INSERT INTO days (day, checks, passes, kata_seconds)
    SELECT day, SUM(checks), SUM(passes), TOTAL(CASE WHEN gap BETWEEN 0 AND 7200 THEN MIN(gap, 1200) ELSE 0 END)
    FROM happened WHERE day IS NOT NULL GROUP BY day
    ON CONFLICT (day) DO UPDATE SET checks = excluded.checks, passes = excluded.passes,
        kata_seconds = excluded.kata_seconds;
"""


def recount(connection: sqlite3.Connection) -> None:
    """All sums anew, within a transaction: for rows that came between others, as SQLite counts what comes last."""
    for statement in RECOUNT.split(";"):
        connection.execute(statement)


class Tallies:
    def __init__(self, record: Record):
        self.connection = record.connection

    def days(self, first: int, last: int) -> list[Day]:
        """The days between these two on which something was done, in order."""
        query = """
            SELECT day, correct, missed, seconds, checks, passes, kata_seconds FROM days
            WHERE day BETWEEN ? AND ? ORDER BY day
        """
        with explained(self.connection):
            found = [Day(*row) for row in self.connection.execute(query, (first, last))]
        return [day for day in found if day.practised]

    def practised(self, day: int, of: int = 14) -> int:
        """On how many of the last days something was done, today's among them."""
        return len(self.days(day - of + 1, day))

    def traps(self, most: int) -> list[Trap]:
        """The options that were taken most often, as far as it was wrong to take them at all or with the others."""
        query = "SELECT question, content, option, times FROM traps WHERE times > 0 ORDER BY times DESC, question LIMIT ?"
        with explained(self.connection):
            return [Trap(*row) for row in self.connection.execute(query, (most,))]

    def efforts(self, katas: Iterable[str]) -> list[Effort]:
        """Of those that were checked or for which a hint was taken."""
        with explained(self.connection):
            rows = {
                row[0]: row
                for row in self.connection.execute("SELECT kata, checks, passes, hints FROM efforts")
            }
            return [self._effort(*rows[name]) for name in katas if name in rows and any(rows[name][1:])]

    def _effort(self, kata: str, checks: int, passes: int, hints: int) -> Effort:
        query = "SELECT seconds, day FROM answers WHERE question = ? ORDER BY id {order} LIMIT 1"
        first = self.connection.execute(query.format(order="ASC"), (KATA + kata,)).fetchone()
        last = self.connection.execute(query.format(order="DESC"), (KATA + kata,)).fetchone()
        if first is None:
            return Effort(kata, checks, passes, hints)
        return Effort(kata, checks, passes, hints, first[0], last[0], last[1])
