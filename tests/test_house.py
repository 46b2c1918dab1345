"""`export` and `import` as a learner meets them, and the copies of the record that are made without being asked for."""

import json
import os
import sqlite3
from datetime import date, datetime, timedelta
from random import Random

import pytest
from machines import Machine

from dlkata.content.library import Library
from dlkata.progress.backups import back_up, backups
from dlkata.progress.record import Kind, open_record

LIBRARY = Library()
TODAY = date(2026, 3, 2)


@pytest.fixture
def moved(dlkata, home, tmp_path):
    """A file that a home with an attempt and a setting exported."""
    dlkata("kata", "adam")
    dlkata("config", "new_per_day", "3")
    dlkata("quiz", "-n", "2", stdin="x\nx\n")
    file = tmp_path / "moving.zip"
    told = dlkata("export", str(file))
    assert told.code == 0 and str(file) in told.out and "attempts 1" in told.out
    return file


def elsewhere(home):
    return {"DLKATA_HOME": str(home / "new"), "DLKATA_WORKSPACE": str(home / "new-work")}


def test_export_and_import(dlkata, home, moved):
    here = json.loads(dlkata("--json").out)
    told = dlkata("import", str(moved), **elsewhere(home))
    assert told.code == 0, told.text
    assert "Imported: events 1, answers 2.\n" in told.out and "new_per_day = 3" in told.out
    assert (home / "new-work" / "adam.py").read_text(encoding="utf-8").startswith('r"""')
    assert json.loads(dlkata("--json", **elsewhere(home)).out) == here
    again = dlkata("import", str(moved), **elsewhere(home))
    assert again.out == "All of it was here already: nothing changed.\n"
    assert json.loads(dlkata("import", str(moved), "--json").out)["added"]["answers"] == 0


def test_all_figures_are_the_same_elsewhere(dlkata, home, tmp_path):
    """Weeks of practice; and again after both homes went on and took over from each other."""
    machine = Machine(home, datetime.now().astimezone() - timedelta(days=20))
    names = [name for entry in list(LIBRARY.index.concepts.values())[:9] for name in entry.ids()]
    chance = Random(3)
    for _day in range(19):
        machine.pause(days=1)
        for right in (True, False):
            machine.session(*chance.sample(names, 6), right=right)
        machine.check("adam", passed=False)
        machine.record.add(Kind.HINTED, "adam", machine.now, rung=1)
        machine.rewrite(chance.choice(["adam", "lstm", "gru"]))
    new, file = elsewhere(home), str(tmp_path / "moving.zip")
    assert dlkata("export", file).code == 0 and dlkata("import", file, **new).code == 0
    figures = dlkata("stats", "--json").out
    assert '"lstm"' in figures and dlkata("stats", "--json", **new).out == figures
    dlkata("quiz", "-n", "3", stdin="x\nx\nx\n", **new)
    dlkata("quiz", "-n", "2", stdin="x\nx\n")
    dlkata("export", file, "--force"), dlkata("import", file, **new)
    dlkata("export", file, "--force", **new), dlkata("import", file)
    assert figures != dlkata("stats", "--json").out == dlkata("stats", "--json", **new).out


def test_what_is_there_is_not_overwritten_unasked(dlkata, moved):
    before = moved.read_bytes()
    refused = dlkata("export", str(moved))
    assert refused.code == 2 and "is there already" in refused.err and "--force" in refused.err
    assert moved.read_bytes() == before
    assert dlkata("export", str(moved), "--force", "--json").code == 0
    assert json.loads(dlkata("export", str(moved), "--force", "--json").out)["attempts"] == 1


def test_an_empty_home_can_be_exported_and_imported(dlkata, home, tmp_path):
    assert "events 0" in dlkata("export", str(tmp_path / "empty.zip")).out
    assert "nothing changed" in dlkata("import", str(tmp_path / "empty.zip")).out


@pytest.mark.parametrize(
    ("target", "said"), [("", "is a folder"), ("nowhere/x.zip", "is not a folder"), ("locked/x.zip", "cannot be written")]
)  # fmt: skip
def test_a_target_that_cannot_be_written(dlkata, tmp_path, target, said, monkeypatch):
    if target.startswith("locked"):
        (tmp_path / "locked").mkdir(mode=0o500)
        if (tmp_path / "locked").stat().st_uid == 0:
            pytest.skip("root may write anywhere")
    refused = dlkata("export", str(tmp_path / target))
    assert refused.code == 2 and said in refused.err and "Traceback" not in refused.err


def test_the_record_itself_is_no_target(dlkata, moved, home):
    record = home / "data" / "record.db"
    before = record.read_bytes()
    refused = dlkata("export", str(record), "--force")
    assert refused.code == 2 and "keeps your record" in refused.err and record.read_bytes() == before


@pytest.mark.parametrize(
    "name", ["a" * 5000, "a/" * 2500, "~nobody-of-that-name/x"], ids=["long", "deep", "user"]
)
@pytest.mark.parametrize(
    "ways", [["export"], ["export", "--git"], ["stats", "--html"], ["import"]], ids=" ".join
)
def test_names_that_no_file_can_have(dlkata, home, name, ways):
    machine = Machine(home)
    machine.rewrite("adam")
    machine.record.close()
    told = dlkata(*ways, name)
    assert told.code == 2 and "Traceback" not in told.err and len(told.err.splitlines()) <= 3


def test_what_is_no_file_is_neither_replaced_nor_read(dlkata, moved, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "is not a file" in dlkata("export", str(pipe), "--force").err and pipe.is_fifo()
    assert "is not a file" in dlkata("import", str(pipe)).err
    assert "is not a file" in dlkata("export", "--anki", str(pipe), "--force").err


def test_an_attempt_that_cannot_be_written_leaves_everything_as_it_was(dlkata, moved, home, tmp_path):
    (tmp_path / "blocked").write_text("a file where the workspace should be", encoding="utf-8")
    new = {"DLKATA_HOME": str(home / "new"), "DLKATA_WORKSPACE": str(tmp_path / "blocked")}
    refused = dlkata("import", str(moved), **new)
    assert refused.code == 2 and "adam.py cannot be written: Not a directory" in refused.err
    assert json.loads(dlkata("stats", "--json", **new).out)["days"] == []
    assert not (home / "new" / "config.toml").exists()


def test_refusals_are_one_sentence_in_chinese_too(dlkata, moved, tmp_path):
    cut = tmp_path / "cut.zip"
    cut.write_bytes(moved.read_bytes()[:-10])
    refused = dlkata("import", str(cut), "--lang", "zh")
    assert refused.code == 2 and "不完整" in refused.err and "没有导入任何内容" in refused.err
    assert len(refused.err.splitlines()) == 2


def test_a_backup_is_made_by_the_first_command_of_a_day_that_writes(dlkata, home):
    dlkata("config", "language", "en")
    folder = home / "data" / "backups"
    assert not folder.exists(), "nothing was written"
    dlkata("kata", "adam")
    (file,) = folder.iterdir()
    dlkata("kata", "lstm")
    assert [f.name for f in folder.iterdir()] == [file.name], "one a day"
    assert f"1, the newest: {file}" in dlkata("doctor", "--json").out
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT kata FROM events").fetchall() == [("adam",)]
    connection.close()


def test_a_backup_can_be_imported(dlkata, home):
    dlkata("kata", "adam")
    (file,) = (home / "data" / "backups").iterdir()
    (home / "data" / "record.db").write_bytes(b"scrambled " * 1000)
    told = dlkata("import", str(file))
    assert "Imported: events 1" in told.out and "set-aside-1" in told.err and file.name in told.err


@pytest.mark.parametrize("command", [[], ["stats"], ["quiz", "-n", "1"]], ids=str)
def test_a_record_that_proves_to_be_damaged_on_the_way_makes_no_traceback(dlkata, home, command):
    machine = Machine(home)
    for _day in range(30):
        machine.pause(days=1)
        machine.session("coins.heads")
        machine.check("adam", passed=True)
    file = home / "data" / "record.db"
    machine.record.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    machine.record.close()
    whole = bytearray(file.read_bytes())
    for page in range(3, len(whole) // 4096, 4):
        whole[page * 4096 : (page + 1) * 4096] = b"\xff" * 4096
    file.write_bytes(whole)
    told = dlkata(*command, stdin="q\n")
    assert "Traceback" not in told.err and "is damaged. It was kept as record.db.set-aside-1" in told.err
    assert (home / "data" / "record.db.set-aside-1").read_bytes() == whole
    assert dlkata(*command, stdin="q\n").code in (0, 2)


def test_a_backup_that_fails_is_said_and_stops_nothing(dlkata, home):
    (home / "data").mkdir()
    (home / "data" / "backups").write_text("in the way", encoding="utf-8")
    opened = dlkata("kata", "adam")
    assert opened.code == 0 and "could not be backed up" in opened.err and "Traceback" not in opened.err


@pytest.fixture
def record(tmp_path):
    record = open_record(tmp_path / "record.db")
    record.connection.execute("PRAGMA synchronous = OFF")
    return record


def days_kept(folder):
    return [file.name[7:17] for file in backups(folder)]


def test_the_last_seven_days_are_kept(record, tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / ".record-2026-02-28.db.abc").write_text(
        "begun by a process that was killed", encoding="utf-8"
    )
    for day in range(12):
        assert back_up(record, tmp_path / "b", TODAY + timedelta(days=day)) is not None
        assert back_up(record, tmp_path / "b", TODAY + timedelta(days=day)) is None
    assert days_kept(tmp_path / "b") == [f"2026-03-{day:02}" for day in range(7, 14)]
    assert len(list((tmp_path / "b").iterdir())) == 7, "nothing else is left"


@pytest.mark.parametrize("wrong", [date(1970, 1, 1), date(2099, 1, 1)])
def test_a_wrong_clock_costs_at_most_one_backup(record, tmp_path, wrong):
    for day in range(7):
        back_up(record, tmp_path, TODAY + timedelta(days=day))
    back_up(record, tmp_path, wrong)
    back_up(record, tmp_path, TODAY + timedelta(days=7))
    assert days_kept(tmp_path) == [f"2026-03-{day:02}" for day in range(3, 10)]


def test_a_backup_holds_what_another_process_is_writing(tmp_path):
    machine = Machine(tmp_path / "home")
    machine.record.add(Kind.OPENED, "a", machine.now)
    other = open_record(tmp_path / "home" / "data" / "record.db")
    other.connection.execute("BEGIN IMMEDIATE")
    file = back_up(machine.record, tmp_path, TODAY)
    other.connection.execute("ROLLBACK")
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT kata FROM events").fetchall() == [("a",)]
    assert connection.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
    connection.close()
