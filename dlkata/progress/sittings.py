"""Sessions as they are kept: what they were to ask, and which process asks it."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
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
        with explained(), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            added = self.connection.execute(
                "INSERT INTO sessions (at, utc_offset, day, seed, wish, plan, holder) VALUES (?,?,?,?,?,?,?)",
                row,
            )
            assert added.lastrowid is not None
            return Sitting(added.lastrowid, day, seed, wish, list(plan))

    def left(self, day: int, wish: dict[str, Any] | None) -> Sitting | None:
        """The newest session of that day which was left before its end, with that wish or with any (None); it is
        ours from now on."""
        with explained(), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            for number, seed, kept, plan, holder in self._open(day):
                if wish in (None, json.loads(kept)) and not _alive(holder):
                    self.connection.execute(
                        "UPDATE sessions SET holder = ? WHERE id = ?", (os.getpid(), number)
                    )
                    return Sitting(number, day, seed, json.loads(kept), json.loads(plan))
        return None

    def elsewhere(self, day: int) -> set[str]:
        """What sessions that run in other processes are about to ask."""
        with explained():
            return {
                name
                for _number, _seed, _wish, plan, holder in self._open(day)
                if holder != os.getpid() and _alive(holder)
                for name in json.loads(plan)
            }

    def _open(self, day: int) -> list[tuple[int, int, str, str, int | None]]:
        query = "SELECT id, seed, wish, plan, holder FROM sessions WHERE ended = 0 AND day = ? ORDER BY id DESC LIMIT 20"
        return self.connection.execute(query, (day,)).fetchall()

    def leave(self, session: int, *, ended: bool) -> None:
        with explained(), self.connection:
            self.connection.execute(
                "UPDATE sessions SET holder = NULL, ended = ? WHERE id = ?", (int(ended), session)
            )


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
