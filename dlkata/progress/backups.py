"""A copy of the record for each day on which something was written to it; the last seven are kept."""

import re
from datetime import date
from pathlib import Path

from dlkata.progress.copies import snapshot
from dlkata.progress.record import Record, open_record
from dlkata.progress.writing import written

KEPT = 7
BACKUP = re.compile(r"record-(\d{4}-\d\d-\d\d)\.db")


def backups(folder: Path) -> list[Path]:
    """From the oldest to the newest."""
    return sorted(file for file in folder.glob("record-*.db") if BACKUP.fullmatch(file.name))


def back_up(record: Record, folder: Path, day: date) -> Path | None:
    """Today's copy; None where there is one already."""
    file = folder / f"record-{day.isoformat()}.db"
    if file.exists():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with written(file) as beside:
        snapshot(record, beside)
    _remove_old(folder, file)
    return file


def _remove_old(folder: Path, newest: Path) -> None:
    """Those from days to come go first: a clock was wrong when they were made, and they would stay for ever."""
    for begun in folder.glob(".record-*"):
        if not begun.name.startswith(f".{newest.name}"):
            begun.unlink(missing_ok=True)  # of another day, by a process that was killed
    others = [file for file in backups(folder) if file != newest]
    others.sort(key=lambda file: (file < newest, file.name))
    for file in others[: max(0, len(others) - (KEPT - 1))]:
        file.unlink(missing_ok=True)


def keep_as_before_import(record: Record, folder: Path) -> Path:
    """The record as it is on the disk while an import that is under way has not been committed."""
    folder.mkdir(parents=True, exist_ok=True)
    (_number, _name, place), *_others = record.connection.execute("PRAGMA database_list")
    before = open_record(Path(place))
    try:
        with written(folder / "before-import.db") as beside:
            snapshot(before, beside)
    finally:
        before.close()
    return folder / "before-import.db"
