"""5 · Home, list, stats and a new check with a hundred, ten thousand and a million recorded events."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from dlkata.content.library import Library
from dlkata.progress.plans import Aim, Plans
from dlkata.progress.record import Kind, open_record
from tests.bench.clock import DLKATA, command, medians

SIZES = (100, 10_000, 1_000_000)


def rows() -> Iterator[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory() as folder:
        homes = {size: Path(folder, str(size)) for size in SIZES}
        for size, home in homes.items():
            _fill(home / "record.db", size)
        now = datetime.now(UTC)

        def add(home: Path) -> None:
            record = open_record(home / "record.db")
            record.add(Kind.CHECKED, "adam", now, passed=True, source="x")
            record.close()

        for name, arguments in (("home", ()), ("list", ("list",)), ("stats", ("stats",))):
            seconds = medians(**{
                str(size): command(DLKATA, *arguments, DLKATA_HOME=str(home), DLKATA_WORKSPACE=os.path.join(folder, "w"))
                for size, home in homes.items()
            })  # fmt: skip
            yield f"{name}: 10,000 events / 100", seconds["10000"] / seconds["100"], ""
            yield f"{name}: 1,000,000 events / 100", seconds["1000000"] / seconds["100"], "≤ 1.3"
        for home in homes.values():
            _plan(home / "record.db")
        seconds = medians(**{
            str(size): command(DLKATA, DLKATA_HOME=str(home), DLKATA_WORKSPACE=os.path.join(folder, "w"))
            for size, home in homes.items()
        })  # fmt: skip
        yield "home with a plan: 1,000,000 events / 100", seconds["1000000"] / seconds["100"], "≤ 1.3"
        seconds = medians(**{str(size): lambda home=home: add(home) for size, home in homes.items()})
        yield "recording a check: 1,000,000 events / 100", seconds["1000000"] / seconds["100"], ""


def _plan(file: Path) -> None:
    record, now = open_record(file), datetime.now(UTC)
    Plans(record).make(Aim(now.toordinal() - 2, now.toordinal() + 8, 60), now)
    record.close()


def _fill(file: Path, size: int) -> None:
    record = open_record(file)
    names = [kata.name for kata in Library().katas]
    rows = (
        (
            f"2026-01-01T00:00:{n % 60:02}.000+00:00",
            0,
            "checked",
            names[n % len(names)],
            n % 3 == 0,
            None,
            "{}",
        )
        for n in range(size)
    )
    with record.connection:
        record.connection.execute("BEGIN")
        record.connection.executemany(
            "INSERT INTO events (at, utc_offset, kind, kata, passed, source, detail) VALUES (?,?,?,?,?,?,?)",
            rows,
        )
    record.close()
