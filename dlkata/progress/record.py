"""The learner's record: raw events in SQLite, never rewritten, from which everything else is computed."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.day import DAY_ENDS, study_day
from dlkata.progress.migrations import MIGRATIONS

LOCK_SECONDS = 5


class Kind(StrEnum):
    OPENED = "opened"
    CHECKED = "checked"
    HINTED = "hinted"
    SOLUTION = "solution"
    RESET = "reset"


@dataclass(frozen=True)
class Event:
    id: int
    at: datetime  # in the learner's time zone
    kind: Kind
    passed: bool


HISTORY = 2000  # events of one kata that are looked at; enough for a hundred rounds


@dataclass
class Record:
    connection: sqlite3.Connection
    messages: list[str] = field(default_factory=list)  # what the learner should be told about opening it
    ends: int = DAY_ENDS  # the hour at which the learner's day does

    def add(
        self,
        kind: Kind,
        kata: str,
        now: datetime,
        *,
        passed: bool | None = None,
        source: str | None = None,
        **detail: Any,
    ) -> None:
        """Writes one event; `now` is an aware datetime in the learner's own time zone."""
        offset = now.utcoffset()
        assert offset is not None, "an event's time is aware"
        row = (
            now.astimezone(UTC).isoformat(timespec="milliseconds"),
            int(offset.total_seconds() // 60),
            kind,
            kata,
            passed,
            None if source is None else hash_of(source),
            json.dumps(detail, ensure_ascii=False),
            study_day(now, self.ends),
        )
        with explained(self.connection), self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            if source is not None:
                self.connection.execute(
                    "INSERT OR IGNORE INTO sources VALUES (?, ?)", (hash_of(source), source)
                )
            self.connection.execute(
                "INSERT INTO events (at, utc_offset, kind, kata, passed, source, detail, study_day)"
                " VALUES (?,?,?,?,?,?,?,?)",
                row,
            )

    def solved(self, katas: Iterable[str]) -> set[str]:
        """Those that were passed: one index look-up a kata, however many events there are."""
        with explained(self.connection):
            return {k for k in katas if self._any("kata = ? AND kind = 'checked' AND passed = 1", k)}

    def _any(self, condition: str, *values: object) -> bool:
        query = f"SELECT EXISTS (SELECT 1 FROM events WHERE {condition})"
        return bool(self.connection.execute(query, values).fetchone()[0])

    def last_kata(self) -> tuple[str, datetime] | None:
        """The kata of the newest event, and when that was."""
        with explained(self.connection):
            row = self.connection.execute("SELECT kata, at FROM events ORDER BY id DESC LIMIT 1").fetchone()
        return None if row is None else (row[0], datetime.fromisoformat(row[1]))

    def newest(self, kata: str, kind: Kind) -> dict[str, Any] | None:
        """The detail of the newest event of a kind."""
        query = "SELECT detail FROM events WHERE kata = ? AND kind = ? ORDER BY id DESC LIMIT 1"
        with explained(self.connection):
            row = self.connection.execute(query, (kata, kind)).fetchone()
        return None if row is None else json.loads(row[0])

    def history(self, kata: str) -> list[Event]:
        """The newest events of a kata, oldest first."""
        query = "SELECT id, at, utc_offset, kind, passed FROM events WHERE kata = ? ORDER BY id DESC LIMIT ?"
        with explained(self.connection):
            rows = self.connection.execute(query, (kata, HISTORY)).fetchall()
        return [
            Event(
                number,
                datetime.fromisoformat(at).astimezone(timezone(timedelta(minutes=offset))),
                Kind(kind),
                bool(p),
            )
            for number, at, offset, kind, p in reversed(rows)
        ]

    def begun_again(self, kata: str) -> bool:
        """Whether it was reset since it was last passed. (Left to itself, SQLite walks through all of the kata's.)"""
        query = """
            SELECT COALESCE(MAX(id), 0) > COALESCE(
                (SELECT MAX(id) FROM events INDEXED BY events_by_kata
                 WHERE kata = ?1 AND kind = 'checked' AND passed = 1), 0)
            FROM events INDEXED BY events_by_kata WHERE kata = ?1 AND kind = 'reset'
        """
        with explained(self.connection):
            return bool(self.connection.execute(query, (kata,)).fetchone()[0])

    def given_up(self, kata: str) -> bool:
        """Whether its solution was looked at."""
        with explained(self.connection):
            return self._any("kata = ? AND kind = 'solution'", kata)

    def hints_taken(self, kata: str) -> int:
        """How far down the hint ladder the learner is, counted since the last reset."""
        query = """
            SELECT COALESCE(MAX(json_extract(detail, '$.rung')), 0) FROM events INDEXED BY events_by_kata
            WHERE kata = ?1 AND kind = 'hinted' AND id > COALESCE(
                (SELECT MAX(id) FROM events INDEXED BY events_by_kata WHERE kata = ?1 AND kind = 'reset'), 0)
        """
        with explained(self.connection):
            return int(self.connection.execute(query, (kata,)).fetchone()[0])

    @property
    def written(self) -> bool:
        """Whether anything was written to it since it was opened here."""
        return not self.closed and self.connection.total_changes > 0

    @property
    def closed(self) -> bool:
        """Whether it proved to be damaged, and was set aside."""
        try:
            return self.connection.total_changes < 0
        except sqlite3.ProgrammingError:
            return True

    def close(self) -> None:
        self.connection.close()


def open_record(file: Path) -> Record:
    """The record, created or brought up to date. What is no database is set aside, never deleted."""
    messages = []
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            messages.append(_("Your record is kept in {file}.", file=file))
        elif not file.is_file():
            raise DlkataError(_("{file} is not a file.", file=file), _("Move it away."))
        try:
            connection = _connect(file)
        except sqlite3.DatabaseError as error:
            if not _is_no_database(error):
                raise
            aside = _set_aside(file)
            messages.append(
                _("{file} was not a database any more. It was kept as {aside}, and a new record begun.",
                  file=file, aside=aside.name)
            )  # fmt: skip
            messages += filter(None, [_backup_of(file)])
            connection = _connect(file)
    except (sqlite3.Error, OSError) as error:
        raise _problem(error) from error
    return Record(connection, messages)


def hash_of(source: str) -> str:
    return sha256(source.encode()).hexdigest()


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=LOCK_SECONDS, isolation_level=None)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise DlkataError(
                _("{file} was written by a newer dlkata.", file=file),
                _("Update dlkata; the record is left as it is."),
            )
        if version < len(MIGRATIONS):
            connection.execute("PRAGMA journal_mode = WAL")
            migrate(connection)
        connection.execute("PRAGMA synchronous = FULL")  # an event that was reported survives a power cut
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection, target: int = len(MIGRATIONS)) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")  # a second process that starts now waits, then finds it done
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for script in MIGRATIONS[version:target]:
            for statement in script.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {max(version, target)}")


def _is_no_database(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def _set_aside(file: Path) -> Path:
    number = 1
    while (aside := file.with_name(f"{file.name}.set-aside-{number}")).exists():
        number += 1
    file.rename(aside)
    for suffix in ("-wal", "-shm"):  # they belong to the old file: a new one must not replay them
        companion = file.with_name(file.name + suffix)
        if companion.exists():
            companion.rename(aside.with_name(aside.name + suffix))
    return aside


@dataclass
class explained:
    """Turns what SQLite raises into one sentence. A record that proves to be damaged is set aside."""

    connection: sqlite3.Connection

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, sqlite3.Error):
            return
        if "closed database" in str(
            error
        ):  # it proved to be damaged a moment ago, and whoever noticed has said so
            raise DlkataError(
                _("Your record was set aside."), _("Do it once more: a new record is begun.")
            ) from error
        if not _is_no_database(error):
            raise _problem(error) from error
        (_number, _name, file), *_others = self.connection.execute("PRAGMA database_list")
        self.connection.close()
        aside = _set_aside(Path(file))
        raise DlkataError(
            _("{file} is damaged. It was kept as {aside}.", file=file, aside=aside.name),
            " ".join([_("Do it once more: a new record is begun."), _backup_of(Path(file))]).strip(),
        ) from error


def _backup_of(file: Path) -> str:
    """How to bring back what was lost; "" where there is no backup."""
    from dlkata.progress.backups import backups

    found = backups(file.parent / "backups")
    return _("Bring back your last backup: dlkata import {file}", file=found[-1]) if found else ""


def _problem(error: sqlite3.Error | OSError) -> DlkataError:
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        reason = _("another program holds it")
    elif primary == sqlite3.SQLITE_FULL:
        reason = _("the disk is full")
    else:
        reason = getattr(error, "strerror", None) or str(error)
    return DlkataError(
        _("Your record cannot be used: {reason}.", reason=reason),
        _("What it held it still holds; nothing was added now. `dlkata doctor` says more."),
    )
