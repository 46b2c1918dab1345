"""Two machines of one learner, for tests of moving house."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from bank import sample_library

from dlkata.progress.answers import Answer, Answers, Outcome
from dlkata.progress.day import study_day
from dlkata.progress.interviews import Interviews
from dlkata.progress.record import Kind, Record, open_record
from dlkata.progress.remarks import Remarks
from dlkata.progress.settings import Settings, load_settings
from dlkata.progress.tables import TABLES
from dlkata.progress.workspace import Workspace
from dlkata.study.moving import House, export_house, import_house
from dlkata.study.scheduler import advance

START = datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=8)))


@dataclass
class Machine:
    folder: Path
    now: datetime = START

    def __post_init__(self) -> None:
        (self.folder / "work").mkdir(parents=True, exist_ok=True)
        self.record: Record = open_record(self.folder / "data" / "record.db")
        self.record.connection.execute("PRAGMA synchronous = OFF")
        self.answers = Answers(self.record)

    @property
    def settings(self) -> Settings:
        return load_settings(self.folder / "data")

    @property
    def house(self) -> House:
        folder = self.folder
        return House(
            self.record, self.settings, Workspace(folder / "work"), folder / "data" / "backups", sample_library()
        )  # fmt: skip

    def pause(self, **much: float) -> None:
        self.now += timedelta(**(much or {"minutes": 7}))

    def check(self, kata: str, passed: bool, source: str = "import torch\n") -> None:
        self.pause()
        self.record.add(Kind.CHECKED, kata, self.now, passed=passed, source=source, outcomes={"test_α": "✓"})

    def session(self, *questions: str, right: bool = True) -> None:
        self.pause()
        day = study_day(self.now)
        sitting = self.answers.sittings.begin(self.now, day, 1, {"topics": []}, questions)
        for question in questions:
            self.pause(seconds=30)
            outcome, rating = (Outcome.RIGHT, 3) if right else (Outcome.WRONG, 1)
            answer = Answer(
                question, outcome, study_day(self.now), 5, rating, 20.5, "hash", sitting.id, {"chosen": [2]}
            )
            self.answers.add(answer, self.now, advance)
        self.answers.sittings.leave(sitting.id, ended=True)

    def rewrite(self, kata: str) -> None:
        """A round of a kata that was finished: its answer refers to the event of the pass."""
        self.check(kata, passed=True)
        event = self.record.connection.execute("SELECT MAX(id) FROM events").fetchone()[0]
        answer = Answer(f"kata:{kata}", Outcome.RIGHT, study_day(self.now), rating=3, detail={"event": event})
        self.answers.add(answer, self.now, advance)
        Remarks(self.record).bookmark(f"kata:{kata}", True, self.now)
        Interviews(self.record).begin(self.now, {"since": event})

    def export(self) -> Path:
        target = self.folder / "export.zip"
        export_house(self.house, target, self.now)
        return target

    def take(self, file: Path):
        return import_house(self.house, file, study_day(self.now))

    def rows(self, table: str) -> list[tuple[object, ...]]:
        numbered = table in {one.name for one in TABLES}
        key = "id" if numbered else "1, 2, 3" if table == "traps" else "1"
        return self.record.connection.execute(f"SELECT * FROM {table} ORDER BY {key}").fetchall()

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        tables = [table.name for table in TABLES] + ["cards", "sources", "traps", "efforts", "days"]
        return {table: [tuple(map(_rounded, row)) for row in self.rows(table)] for table in tables}

    def attempts(self) -> dict[str, str]:
        work = self.folder / "work"
        files = [file for file in work.rglob("*") if file.is_file()]
        return {file.relative_to(work).as_posix(): file.read_text(encoding="utf-8") for file in files}


def furnished(folder: Path) -> Machine:
    """One with a record, two files of a kata, and settings of which some should not move."""
    machine = Machine(folder)
    machine.rewrite("layernorm")
    machine.session("coins.heads")
    write(machine, "layernorm.py", "mine\n", 1_700_000_000)
    write(machine, "layernorm.1.py", "older\n", 1_600_000_000)
    settings = machine.settings
    for key, value in (("new_per_day", "20"), ("editor", "rm -rf /"), ("workspace", "/etc")):
        settings.set(key, value)
    return machine


def write(machine: Machine, name: str, text: str, when: int) -> None:
    file = machine.folder / "work" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    os.utime(file, (when, when))


def _rounded(value: object) -> object:
    """Sums of seconds, which depend on the order in which they are added up by less than that."""
    return round(value, 6) if isinstance(value, float) else value
