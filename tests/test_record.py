"""The record loses nothing: not to a second process, not to a kill, not to a full disk."""

import multiprocessing
import os
import signal
import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dlkata.errors import DlkataError
from dlkata.progress.record import MIGRATIONS, Kind, open_record

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "data" / "record.db"


def rows(file, query="SELECT * FROM events"):
    connection = sqlite3.connect(file)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_an_event_keeps_utc_and_the_learners_offset(file):
    open_record(file).add(Kind.CHECKED, "adam", NOON, passed=True, source="import torch\n", device="cpu")
    ((at, offset, kind, kata, passed, text),) = rows(
        file, "SELECT at, utc_offset, kind, kata, passed, text FROM events JOIN sources ON source = hash"
    )
    assert datetime.fromisoformat(at) == NOON and at.endswith("+00:00")
    assert (offset, kind, kata, passed, text) == (480, "checked", "adam", 1, "import torch\n")


def test_a_source_is_kept_once(file):
    record = open_record(file)
    for _time in range(3):
        record.add(Kind.CHECKED, "adam", NOON, passed=False, source="same")
    assert len(rows(file, "SELECT * FROM sources")) == 1
    assert len(rows(file)) == 3


def test_what_was_passed_once_is_solved(file):
    record = open_record(file)
    record.add(Kind.OPENED, "adam", NOON)
    record.add(Kind.CHECKED, "lstm", NOON, passed=False)
    record.add(Kind.CHECKED, "lstm", NOON, passed=True)
    record.add(Kind.CHECKED, "lstm", NOON, passed=False)
    assert record.solved(["adam", "lstm", "rope"]) == {"lstm"}
    assert record.last_kata() == ("lstm", NOON.astimezone(UTC))


def test_hints_are_counted_from_the_last_reset(file):
    record = open_record(file)
    assert record.hints_taken("adam") == 0
    record.add(Kind.HINTED, "adam", NOON, rung=1)
    record.add(Kind.HINTED, "adam", NOON, rung=2)
    assert record.hints_taken("adam") == 2
    record.add(Kind.RESET, "adam", NOON)
    assert record.hints_taken("adam") == 0


def test_it_is_in_wal_mode_and_knows_its_version(file):
    open_record(file)
    assert rows(file, "PRAGMA journal_mode") == [("wal",)]
    assert rows(file, "PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_the_first_opening_says_where_it_is_and_later_ones_are_silent(file):
    assert str(file) in open_record(file).messages[0]
    assert open_record(file).messages == []


def write_many(file, name):
    record = open_record(file)
    for _number in range(50):
        record.add(Kind.OPENED, name, NOON)


def test_processes_that_write_at_once_lose_nothing(file):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(file, f"kata{n}")) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
        assert writer.exitcode == 0
    counted = dict(rows(file, "SELECT kata, COUNT(*) FROM events GROUP BY kata"))
    assert counted == {f"kata{n}": 50 for n in range(4)}


def write_and_tell(file, line):
    record = open_record(file)
    number = 0
    while True:
        record.add(Kind.OPENED, f"kata{number}", NOON)
        line.send(number)
        number += 1


def test_a_kill_at_any_moment_loses_no_event_that_was_reported(file):
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    writer = context.Process(target=write_and_tell, args=(file, theirs))
    writer.start()
    theirs.close()
    while ours.recv() < 40:
        pass
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    reported = 40
    try:
        while ours.poll():
            reported = ours.recv()
    except EOFError:
        pass
    assert len(rows(file)) >= reported + 1
    assert rows(file, "PRAGMA integrity_check") == [("ok",)]
    open_record(file).add(Kind.OPENED, "after", NOON)


def test_a_full_disk_is_said_and_keeps_the_earlier_rows(file):
    record = open_record(file)
    record.add(Kind.OPENED, "adam", NOON)
    pages = record.connection.execute("PRAGMA page_count").fetchone()[0]
    record.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DlkataError, match="the disk is full"):
        for number in range(1000):
            record.add(Kind.CHECKED, "adam", NOON, passed=False, source="x" * 4000 + str(number))
    record.connection.execute("PRAGMA max_page_count = 100000")
    record.add(Kind.OPENED, "lstm", NOON)
    assert rows(file, "SELECT kata FROM events WHERE kind = 'opened'") == [("adam",), ("lstm",)]


def test_what_is_no_database_is_set_aside_never_deleted(file):
    file.parent.mkdir()
    for number in (1, 2):
        file.write_text(f"precious {number}", encoding="utf-8")
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        record = open_record(file)
        record.add(Kind.OPENED, "adam", NOON)
        record.close()
        assert (file.parent / f"record.db.set-aside-{number}").read_text(
            encoding="utf-8"
        ) == f"precious {number}"


def test_what_is_damaged_in_the_middle_is_set_aside_when_it_shows(file):
    record = open_record(file)
    record.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = file.stat().st_size  # so far it says which tables there are
    for number in range(300):
        record.add(Kind.OPENED, f"kata{number}", NOON)
    record.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    record.close()
    damaged = bytearray(file.read_bytes())
    damaged[size:] = b"\xff" * (len(damaged) - size)
    file.write_bytes(damaged)
    record = open_record(file)
    with pytest.raises(DlkataError, match=r"is damaged. It was kept as record.db.set-aside-1"):
        record.add(Kind.OPENED, "adam", NOON)
    assert (file.parent / "record.db.set-aside-1").read_bytes()[size:] == damaged[size:]
    record = open_record(file)
    record.add(Kind.OPENED, "adam", NOON)
    assert record.last_kata()[0] == "adam"


def test_a_newer_record_is_left_as_it_is(file):
    open_record(file).close()
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(DlkataError, match="newer dlkata"):
        open_record(file)
    assert file.read_bytes() == before


def test_a_million_events_do_not_change_how_a_status_is_found(file):
    """By the query plan, not by the clock: the look-up uses the index."""
    query = "EXPLAIN QUERY PLAN SELECT 1 FROM events WHERE kata = 'x' AND kind = 'checked' AND passed = 1"
    plan = open_record(file).connection.execute(query).fetchall()
    assert all("USING COVERING INDEX events_by_kata" in step[3] for step in plan), plan
