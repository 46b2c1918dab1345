"""Sessions as they are kept: what they were to ask, and which process asks it."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from dlkata.progress.record import Record, explained


@dataclass(frozen=True)
class Sitting:
    """One session as it is kept."""

    id: int
    day: int
    seed: int
    wish: dict[str, Any]
    plan: list[str]
    begun: datetime | None = None  # where the learner was then


class Sittings:
    def __init__(self, record: Record):
        self.connection = record.connection

    def begin(self, now: datetime, day: int, seed: int, wish: dict[str, Any], plan: Sequence[str]) -> Sitting:
        offset = now.utcoffset()
        assert offset is not None
        row = (
            now.astimezone(UTC).isoformat(timespec="milliseconds"), int(offset.total_seconds() // 60), day, seed,
            json.dumps(wish), json.dumps(list(plan)), os.getpid(),
        )  # fmt: skip
        with explained(self.connection), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            added = self.connection.execute(
                "INSERT INTO sessions (at, utc_offset, day, seed, wish, plan, holder) VALUES (?,?,?,?,?,?,?)",
                row,
            )
            assert added.lastrowid is not None
            return Sitting(added.lastrowid, day, seed, wish, list(plan), now)

    def left(self, day: int) -> list[Sitting]:
        """The sessions of that day which were left before their end, the newest first."""
        with explained(self.connection):
            return [sitting for sitting, holder in self._open(day) if not _alive(holder)]

    def newest(self, day: int) -> int | None:
        """The session of that day that was begun last, ended or not."""
        with explained(self.connection):
            return self.connection.execute("SELECT MAX(id) FROM sessions WHERE day = ?", (day,)).fetchone()[0]

    def take(self, sitting: Sitting) -> bool:
        """It is ours from now on; False where another process was quicker."""
        with explained(self.connection), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            if all(
                open_one.id != sitting.id or _alive(holder) for open_one, holder in self._open(sitting.day)
            ):
                return False
            self.connection.execute("UPDATE sessions SET holder = ? WHERE id = ?", (os.getpid(), sitting.id))
            return True

    def elsewhere(self, day: int) -> set[str]:
        """What sessions that run in other processes are about to ask."""
        with explained(self.connection):
            return {
                name
                for sitting, holder in self._open(day)
                if holder != os.getpid() and _alive(holder)
                for name in sitting.plan
            }

    def _open(self, day: int) -> list[tuple[Sitting, int | None]]:
        """Those that have not ended, with the process that asks, or asked last."""
        query = """
            SELECT id, seed, wish, plan, at, utc_offset, holder FROM sessions
            WHERE ended = 0 AND day = ? ORDER BY id DESC LIMIT 20
        """
        return [
            (Sitting(number, day, seed, json.loads(wish), json.loads(plan), local(at, offset)), holder)
            for number, seed, wish, plan, at, offset, holder in self.connection.execute(
                query, (day,)
            ).fetchall()
        ]

    def leave(self, session: int, *, ended: bool) -> None:
        with explained(self.connection), self.connection:
            self.connection.execute(
                "UPDATE sessions SET holder = NULL, ended = ? WHERE id = ?", (int(ended), session)
            )


def local(at: str, offset: int) -> datetime:
    return datetime.fromisoformat(at).astimezone(timezone(timedelta(minutes=offset)))


def _alive(holder: int | None) -> bool:
    if holder is None or sys.platform == "win32":
        return False
    try:
        os.kill(holder, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return holder != os.getpid()
