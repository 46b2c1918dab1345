"""Moves a learner's things to another machine: record, settings and attempts into one file, and out of it again."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dlkata import __version__
from dlkata.content.library import Library
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress import archive
from dlkata.progress.answers import Answers
from dlkata.progress.attempts import Placement, Placing, attempts_in, is_small, placements
from dlkata.progress.backups import keep_as_before_import
from dlkata.progress.copies import fetched, is_record, open_copy, snapshot
from dlkata.progress.merging import Merged, merge
from dlkata.progress.record import Record, explained, hash_of
from dlkata.progress.settings import Settings
from dlkata.progress.sittings import Sittings
from dlkata.progress.tables import TABLES
from dlkata.progress.workspace import Workspace
from dlkata.progress.writing import written
from dlkata.study.scheduler import advance


@dataclass(frozen=True)
class House:
    """What belongs to the learner on this machine."""

    record: Record
    settings: Settings
    workspace: Workspace
    backups: Path
    library: Library


@dataclass(frozen=True)
class Exported:
    file: Path
    size: int
    rows: dict[str, int]
    attempts: int
    left_out: Sequence[Path]  # too large for an attempt


@dataclass(frozen=True)
class Imported:
    merged: Merged
    attempts: Sequence[Placement]
    settings: Mapping[str, str]
    backup: Path | None


def export_house(house: House, target: Path, now: datetime) -> Exported:
    with tempfile.TemporaryDirectory(prefix="dlkata-") as folder:
        copy = Path(folder) / archive.RECORD
        snapshot(house.record, copy)
        rows = _counted(copy)
        found = list(attempts_in(house.workspace.folder, _katas(house)))
        small = [file for file in found if is_small(file)]
        names = {file: file.relative_to(house.workspace.folder).as_posix() for file in small}
        manifest = archive.Manifest(
            archive.FORMAT,
            __version__,
            now.astimezone(UTC).isoformat(timespec="seconds"),
            {names[file]: file.stat().st_mtime for file in small},
        )
        entries: list[tuple[str, bytes | Path]] = [
            (archive.RECORD, copy),
            (archive.SETTINGS, house.settings.moving().encode()),
            *((archive.ATTEMPTS + names[file], file.read_bytes()) for file in small),
        ]
        with written(target) as beside:
            archive.pack(beside, manifest, entries)
    large = [file for file in found if file not in names]
    return Exported(target, target.stat().st_size, rows, len(small), large)


def _katas(house: House) -> Iterable[str]:
    """Also those that are in no library any more, or in a pack that is not there today."""
    with explained(house.record.connection):
        kept = [row[0] for row in house.record.connection.execute("SELECT DISTINCT kata FROM events")]
    return [*house.library.kata_names, *kept]


def _counted(copy: Path) -> dict[str, int]:
    connection = sqlite3.connect(copy)
    try:
        return {
            name: connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]
            for name in ("events", "answers", "sessions")
        }
    finally:
        connection.close()


def import_house(house: House, file: Path, day: int) -> Imported:
    """All of it or nothing: files are moved into place last, and back again if the record cannot be written."""
    if Sittings(house.record).elsewhere(day):
        raise DlkataError(
            _("A quiz is open in another terminal."), _("End it with q, then import. Nothing was imported.")
        )
    with tempfile.TemporaryDirectory(prefix="dlkata-") as name:
        unpacked = _opened(file, Path(name))
        there = open_copy(unpacked.record, file)
        try:
            return _imported(house, unpacked, there)
        finally:
            there.close()


def _opened(file: Path, folder: Path) -> archive.Unpacked:
    try:
        if file.is_dir():
            raise DlkataError(_("{file} is a folder, not a file.", file=file))
        if file.exists() and not file.is_file():  # a pipe: one would wait for ever
            raise DlkataError(_("{file} is not a file.", file=file))
        if is_record(file):
            manifest = archive.Manifest(archive.FORMAT, "", "")
            return archive.Unpacked(manifest, fetched(file, folder / archive.RECORD), "", {})
        if not archive.is_packed(file):
            raise DlkataError(
                _("{file} is no export of dlkata.", file=file),
                _("Take one that `dlkata export` wrote, copied whole. Nothing was imported."),
            )
        return archive.unpack(file, folder)
    except FileNotFoundError:
        raise DlkataError(_("{file} does not exist.", file=file)) from None
    except OSError as error:
        raise DlkataError(_("{file} cannot be read: {reason}.", file=file, reason=error.strerror)) from None


def _imported(house: House, unpacked: archive.Unpacked, there: sqlite3.Connection) -> Imported:
    connection = house.record.connection
    library = house.library
    former, current = _names(library)
    placing = Placing(
        placements(
            house.workspace.folder, unpacked.attempts, unpacked.manifest.changed, _stubs(library),
            lambda content: _holds(connection, content) or _holds(there, content),
        )
    )  # fmt: skip
    before = dict(house.settings.values)
    try:
        with explained(connection), connection:
            connection.execute("BEGIN IMMEDIATE")
            empty = not any(
                connection.execute(f"SELECT EXISTS (SELECT 1 FROM {table.name})").fetchone()[0]
                for table in TABLES
            )
            merged = merge(connection, there)
            questions = {current.get(name, name) for name in merged.questions}
            Answers(house.record).renew(questions, advance, lambda name: former.get(name, []))
            changed = not empty and any(merged.added.values())
            backup = keep_as_before_import(house.record, house.backups) if changed else None
            placing.place()
            taken = house.settings.adopt(unpacked.settings)
    except BaseException:
        placing.undo()
        if house.settings.values != before:
            house.settings.values = before
            house.settings.save()
        raise
    placing.done()
    return Imported(merged, placing.placements, taken, backup)


def _holds(connection: sqlite3.Connection, content: bytes) -> bool:
    """Whether a record holds that source, as `check` reads it."""
    try:
        key = hash_of(content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n"))
    except UnicodeDecodeError:
        return False
    return bool(
        connection.execute("SELECT EXISTS (SELECT 1 FROM sources WHERE hash = ?)", (key,)).fetchone()[0]
    )


def _names(library: Library) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Former names of each question, and what those questions are called now."""
    former: dict[str, list[str]] = {}
    current: dict[str, str] = {}
    for old, new in library.index.renamed():
        former.setdefault(new, []).append(old)
        current[old] = new
    return former, current


def _stubs(library: Library) -> Callable[[str, bytes], bool]:
    def is_stub(kata: str, content: bytes) -> bool:
        try:
            return kata in library.kata_names and library.kata(kata).is_untouched(content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            return False

    return is_stub
