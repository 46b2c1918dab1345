"""Copies of a record: how one is made, and how one that comes from elsewhere is opened and looked through."""

import sqlite3
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.migrations import MIGRATIONS
from dlkata.progress.record import Record, explained, migrate
from dlkata.progress.tables import HOLDS, TABLES

SQLITE = b"SQLite format 3\0"


def snapshot(record: Record, target: Path) -> None:
    """The record as it is at this moment, whoever is writing to it, as one file."""
    target.unlink(missing_ok=True)
    with explained(record.connection):
        record.connection.execute("VACUUM INTO ?", (str(target),))


def is_record(file: Path) -> bool:
    with open(file, "rb") as start:
        return start.read(len(SQLITE)) == SQLITE


def fetched(file: Path, target: Path) -> Path:
    """A copy of a record that is no export: a daily backup, or one that was copied by hand, as it is now."""
    try:
        source = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
        finally:
            source.close()
            copy.close()
    except sqlite3.Error as error:
        raise _damaged(file, error) from error
    return target


def open_copy(copy: Path, file: Path) -> sqlite3.Connection:
    """A record from elsewhere, brought up to date; `file` is what the learner knows it by. It may be anything:
    nothing of it is believed before it was looked at."""
    connection = sqlite3.connect(copy, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise DlkataError(
                _("{file} was written by a newer dlkata.", file=file),
                _("Update dlkata, then import it. Nothing was imported."),
            )
        if version < 0 or _schema(connection) != _schema_of(version):
            raise _foreign(file, _("its tables are not those of a record"))
        connection.execute("PRAGMA trusted_schema = ON")  # it is ours, to the letter
        if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise _damaged(file, "integrity_check")
        connection.execute("PRAGMA journal_mode = MEMORY")
        migrate(connection)
        _look_through(connection, file)
    except sqlite3.Error as error:
        connection.close()
        raise _damaged(file, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _schema(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    query = (
        "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name"
    )
    return connection.execute(query).fetchall()


def _schema_of(version: int) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection, version)
        return _schema(connection)
    finally:
        connection.close()


def _look_through(connection: sqlite3.Connection, file: Path) -> None:
    for table in TABLES:
        cursor = connection.execute(f"SELECT * FROM {table.name} ORDER BY id")
        columns = [column[0] for column in cursor.description]
        held = [(place, name, HOLDS[name]) for place, name in enumerate(columns) if name in HOLDS]
        for row in cursor:
            for place, name, holds in held:
                if not holds(row[place]):
                    raise _foreign(
                        file, _("in {table}, {column} cannot be `{value}`", table=table.name, column=name,
                                value=str(row[place])[:40])
                    )  # fmt: skip
    for text_hash, text in connection.execute("SELECT hash, text FROM sources"):
        if not isinstance(text, str) or sha256(text.encode()).hexdigest() != text_hash:
            raise _foreign(file, _("a source is not what its hash says"))
    lost = """
        SELECT EXISTS (SELECT 1 FROM events WHERE source IS NOT NULL AND source NOT IN (SELECT hash FROM sources))
            OR EXISTS (SELECT 1 FROM answers AS a WHERE undoes IS NOT NULL AND NOT EXISTS
                       (SELECT 1 FROM answers AS b WHERE b.id = a.undoes AND b.id < a.id))
    """
    if connection.execute(lost).fetchone()[0]:
        raise _foreign(file, _("a row refers to one that is not there"))
    strange = """
        SELECT EXISTS (SELECT 1 FROM answers, json_each(detail, '$.chosen') AS chosen WHERE chosen.type <> 'integer')
            OR EXISTS (SELECT 1 FROM events WHERE kind = 'hinted' AND json_type(detail, '$.rung') <> 'integer')
    """
    if connection.execute(strange).fetchone()[0]:
        raise _foreign(file, _("a detail is not what it should be"))


def _foreign(file: Path, reason: str) -> DlkataError:
    return DlkataError(
        _("{file} holds no record of dlkata: {reason}.", file=file, reason=reason), _("Nothing was imported.")
    )


def _damaged(file: Path, reason: object) -> DlkataError:
    return DlkataError(
        _("{file} is damaged ({reason}).", file=file, reason=reason),
        _("Nothing was imported. Try an older copy, if you have one."),
    )
