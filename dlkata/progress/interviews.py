"""Interviews as they are kept: steps, each written at once and never rewritten, from which an interview is told."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.record import Kind, Record, explained
from dlkata.progress.sittings import local


class Did(StrEnum):
    """What a step says."""

    BEGUN = "begun"
    ASKED = "asked"
    HINTED = "hinted"
    SAID = "said"  # an answer was given that the learner grades
    DONE = "done"
    ENDED = "ended"


@dataclass(frozen=True)
class Step:
    did: Did
    at: datetime
    detail: dict[str, Any] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True)
class Work:
    """What was done at a kata since a moment."""

    checks: int = 0
    passed: bool = False
    share: float = 0.0  # of its tests, in the best check
    rung: int = 0  # of its hints, the furthest that was read
    solution: bool = False  # it was looked at


class Interviews:
    def __init__(self, record: Record):
        self.connection = record.connection

    def begin(self, now: datetime, detail: dict[str, Any]) -> str:
        name = f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        with explained(self.connection), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            self._insert(name, Did.BEGUN, now, detail)
        return name

    def add(self, name: str, did: Did, now: datetime, detail: dict[str, Any], after: int) -> Step:
        """The next step, `after` the last one we know."""
        with explained(self.connection), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            return self.insert(name, did, now, detail, after)

    def insert(self, name: str, did: Did, now: datetime, detail: dict[str, Any], after: int) -> Step:
        """The same, within a transaction that has begun."""
        last = self.connection.execute(
            "SELECT MAX(id) FROM interview_steps WHERE interview = ?", (name,)
        ).fetchone()[0]
        if last != after:
            raise DlkataError(
                _("This interview goes on in another terminal."), _("Go on there, or here: dlkata interview")
            )
        return self._insert(name, did, now, detail)

    def _insert(self, name: str, did: Did, now: datetime, detail: dict[str, Any]) -> Step:
        offset = now.utcoffset()
        assert offset is not None, "a step's time is aware"
        at = now.astimezone(UTC).isoformat(timespec="milliseconds")
        row = (name, at, int(offset.total_seconds() // 60), did, json.dumps(detail, ensure_ascii=False))
        added = self.connection.execute(
            "INSERT INTO interview_steps (interview, at, utc_offset, did, detail) VALUES (?,?,?,?,?)", row
        )
        return Step(did, local(at, row[2]), detail, added.lastrowid or 0)

    def steps(self, name: str) -> list[Step]:
        query = "SELECT did, at, utc_offset, detail, id FROM interview_steps WHERE interview = ? ORDER BY id"
        with explained(self.connection):
            rows = self.connection.execute(query, (name,)).fetchall()
        return [Step(Did(k), local(at, offset), json.loads(detail), n) for k, at, offset, detail, n in rows]

    def running(self) -> str | None:
        """The one that was begun last, unless it has ended."""
        query = """
            SELECT interview FROM interview_steps WHERE id = (SELECT MAX(id) FROM interview_steps WHERE did = 'begun')
            AND NOT EXISTS (SELECT 1 FROM interview_steps AS other
                            WHERE other.interview = interview_steps.interview AND other.did = 'ended')
        """
        with explained(self.connection):
            row = self.connection.execute(query).fetchone()
        return None if row is None else row[0]

    def ended(self, limit: int) -> list[tuple[str, Step]]:
        """The last steps of those that ended, the newest first. One that was ended on two machines ended once."""
        query = """
            SELECT interview, at, utc_offset, detail, id FROM interview_steps AS step WHERE did = 'ended'
            AND NOT EXISTS (SELECT 1 FROM interview_steps AS other WHERE other.interview = step.interview
                            AND other.did = 'ended' AND other.id < step.id)
            ORDER BY id DESC LIMIT ?
        """
        with explained(self.connection):
            rows = self.connection.execute(query, (limit,)).fetchall()
        return [(name, Step(Did.ENDED, local(at, offset), json.loads(detail), n)) for name, at, offset, detail, n in rows]  # fmt: skip

    # -- what happened at the kata meanwhile

    def last_event(self) -> int:
        with explained(self.connection):
            return int(self.connection.execute("SELECT COALESCE(MAX(id), 0) FROM events").fetchone()[0])

    def work(self, kata: str, since: int) -> Work:
        """What was done at it since that event, in whatever terminal."""
        query = """
            SELECT kind, passed, detail FROM events INDEXED BY events_by_kata_in_time
            WHERE kata = ? AND id > ? ORDER BY id
        """
        with explained(self.connection):
            rows = self.connection.execute(query, (kata, since)).fetchall()
        return _work([(kind, bool(passed), json.loads(detail)) for kind, passed, detail in rows])


def _work(events: Sequence[tuple[str, bool, dict[str, Any]]]) -> Work:
    checks = [(passed, detail) for kind, passed, detail in events if kind == Kind.CHECKED]
    rungs = [int(detail.get("rung", 0)) for kind, _passed, detail in events if kind == Kind.HINTED]
    return Work(
        checks=len(checks),
        passed=any(passed for passed, _detail in checks),
        share=max((1.0 if passed else _share(detail) for passed, detail in checks), default=0.0),
        rung=max(rungs, default=0),
        solution=any(kind == Kind.SOLUTION for kind, _passed, _detail in events),
    )


def _share(detail: dict[str, Any]) -> float:
    outcomes = [outcome for outcome, _seconds in detail.get("outcomes", {}).values()]
    return outcomes.count("passed") / len(outcomes) if outcomes else 0.0
