"""The plan the learner made: to which day, how many minutes a day, along which path. The newest one counts."""

from dataclasses import dataclass
from datetime import UTC, datetime

from dlkata.progress.record import Event, Kind, Record, explained
from dlkata.progress.sittings import local

RECENT = 400  # answers from which the learner's pace is read, and events that tell what is being worked on


@dataclass(frozen=True)
class Aim:
    """What a plan is to reach. Days are ordinals of the learner's own days."""

    made: int
    until: int  # the day of the interview, which is none of the plan's
    minutes: int  # a day
    path: str = ""  # "" for all there is

    @property
    def length(self) -> int:
        return self.until - self.made

    def number(self, day: int) -> int:
        """Which of the plan's days it is, from 1; a clock that was set back is no day before the first."""
        return max(1, day - self.made + 1)


@dataclass(frozen=True)
class Timed:
    """How long an answer took."""

    kind: str
    level: int
    seconds: float
    new: bool
    right: bool


class Plans:
    def __init__(self, record: Record):
        self.connection = record.connection

    def make(self, aim: Aim, now: datetime) -> None:
        self._write(now, aim.made, aim.until, aim.minutes, aim.path)

    def drop(self, day: int, now: datetime) -> None:
        self._write(now, day, None, 0, "")

    def _write(self, now: datetime, day: int, until: int | None, minutes: int, path: str) -> None:
        offset = now.utcoffset()
        assert offset is not None
        at = now.astimezone(UTC).isoformat(timespec="milliseconds")
        row = (at, int(offset.total_seconds() // 60), day, until, minutes, path)
        with explained(self.connection), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.execute(
                "INSERT INTO plans (at, utc_offset, day, until, minutes, path) VALUES (?,?,?,?,?,?)", row
            )

    def aim(self) -> Aim | None:
        """Of the newest plan; None where there is none, or it was dropped."""
        query = "SELECT day, until, minutes, path FROM plans ORDER BY id DESC LIMIT 1"
        with explained(self.connection):
            row = self.connection.execute(query).fetchone()
        return None if row is None or row[1] is None else Aim(*row)

    def timed(self) -> list[Timed]:
        """The newest answers to questions, with how long they took."""
        query = """
            SELECT json_extract(detail, '$.kind'), json_extract(detail, '$.level'), seconds, first = day, outcome = 'right'
            FROM (SELECT * FROM answers ORDER BY id DESC LIMIT ?) recent JOIN cards ON cards.id = recent.question
            WHERE undoes IS NULL AND rating IS NOT NULL AND json_extract(detail, '$.kind') IS NOT NULL
        """
        with explained(self.connection):
            rows = self.connection.execute(query, (RECENT,)).fetchall()
        return [Timed(k, level, seconds, bool(new), bool(right)) for k, level, seconds, new, right in rows]

    def recent_events(self) -> dict[str, list[Event]]:
        """By kata, the newest events of all: what was last touched longer ago is not being worked on."""
        query = "SELECT kata, id, at, utc_offset, kind, passed FROM events ORDER BY id DESC LIMIT ?"
        with explained(self.connection):
            rows = self.connection.execute(query, (RECENT,)).fetchall()
        found: dict[str, list[Event]] = {}
        for kata, number, at, offset, kind, passed in reversed(rows):
            found.setdefault(kata, []).append(Event(number, local(at, offset), Kind(kind), bool(passed)))
        return found

    def kata_seconds(self) -> list[tuple[str, float]]:
        """How long katas took from an empty stub to a pass, by the ids of their cards."""
        query = """
            SELECT question, seconds FROM answers INDEXED BY answers_by_question
            WHERE question >= 'kata:' AND question < 'kata;' AND seconds > 0 LIMIT ?
        """
        with explained(self.connection):
            return [(name, seconds) for name, seconds in self.connection.execute(query, (RECENT,))]
