"""The sums that SQLite keeps: the same whether they grew with the record or were made from an older one."""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest

from dlkata.progress.answers import Answer, Answers, Outcome
from dlkata.progress.migrations import MIGRATIONS
from dlkata.progress.record import Kind, open_record
from dlkata.progress.tallies import Tallies, recount
from dlkata.study.scheduler import advance

EVENING = datetime(2026, 3, 2, 21, tzinfo=timezone(timedelta(hours=8)))
DAY = EVENING.date().toordinal()
SUMS = {"days": 1, "traps": 3, "efforts": 1}  # how many columns are the key


@pytest.fixture
def record(tmp_path):
    record = open_record(tmp_path / "record.db")
    record.connection.execute("PRAGMA synchronous = OFF")
    return record


def answer(record, name, outcome, day=DAY, seconds=20.0, chosen=(), kind="choice"):
    detail = {"chosen": list(chosen), "kind": kind}
    rating = {Outcome.RIGHT: 3, Outcome.WRONG: 1}.get(outcome)
    moment = EVENING + timedelta(days=day - DAY)
    told = Answer(name, outcome, day, rating=rating, seconds=seconds, content="c", session=1, detail=detail)
    Answers(record).add(told, moment, advance)


def test_a_day_counts_what_was_done(record):
    answer(record, "a.x", Outcome.RIGHT)
    answer(record, "a.y", Outcome.WRONG, seconds=40)
    answer(record, "a.z", Outcome.SKIPPED)
    answer(record, "kata:k", Outcome.RIGHT, seconds=1800)  # its events are counted, not the card's answer
    for minutes, kind in ((0, Kind.OPENED), (10, Kind.CHECKED), (25, Kind.CHECKED)):
        record.add(kind, "k", EVENING + timedelta(minutes=minutes), passed=minutes == 25)
    (day,) = Tallies(record).days(DAY, DAY)
    assert (day.right, day.wrong, day.seconds) == (1, 1, 80)
    assert (day.checks, day.passes) == (2, 1) and day.kata_seconds == pytest.approx(1500, abs=0.1)


def test_a_day_ends_at_four_and_a_break_is_no_practice(record):
    for hours in (0, 6.5, 7.5, 60):  # 21:00, 3:30, 4:30, two days later
        record.add(Kind.CHECKED, "k", EVENING + timedelta(hours=hours), passed=False)
    assert [(d.day - DAY, d.checks) for d in Tallies(record).days(DAY, DAY + 9)] == [(0, 2), (1, 1), (3, 1)]
    assert sum(d.kata_seconds for d in Tallies(record).days(DAY, DAY + 9)) == pytest.approx(1200, abs=0.1)


def test_a_day_ends_for_katas_when_it_ends_for_questions(record):
    record.ends = 0
    for hours in (0, 4):  # 21:00, 1:00
        record.add(Kind.CHECKED, "k", EVENING + timedelta(hours=hours), passed=False)
    assert [(d.day - DAY, d.checks) for d in Tallies(record).days(DAY, DAY + 9)] == [(0, 1), (1, 1)]
    recount(record.connection)
    assert [(d.day - DAY, d.checks) for d in Tallies(record).days(DAY, DAY + 9)] == [(0, 1), (1, 1)]


def test_the_record_that_is_opened_goes_by_the_setting(dlkata, home):
    from dlkata.cli.app import App

    dlkata("config", "day_ends", "2")
    assert App().record.ends == 2


def test_who_leaves_the_desk_is_not_said_to_have_practised_for_hours(record):
    answer(record, "a.x", Outcome.RIGHT, seconds=9 * 3600)
    assert Tallies(record).days(DAY, DAY)[0].minutes == 10


def test_what_is_taken_back_was_not_answered(record):
    answer(record, "a.x", Outcome.WRONG, chosen=[2])
    assert [(t.question, t.option, t.times) for t in Tallies(record).traps(9)] == [("a.x", 2, 1)]
    Answers(record).undo(1, EVENING, advance, lambda _name: [])
    assert Tallies(record).traps(9) == [] and Tallies(record).days(DAY, DAY) == []


def test_traps_are_counted_by_option_and_an_order_has_none(record):
    for chosen in ([1], [1], [2]):
        answer(record, "a.x", Outcome.WRONG, chosen=chosen)
    answer(record, "a.x", Outcome.RIGHT, chosen=[0])
    answer(record, "a.o", Outcome.WRONG, chosen=[2, 1, 0], kind="order")
    answer(record, "bug:k.b", Outcome.WRONG, chosen=[1])
    assert [(t.option, t.times) for t in Tallies(record).traps(9)] == [(1, 2), (2, 1)]


def test_days_practised_of_the_last_fourteen(record):
    for back in (0, 1, 5, 13, 14, 40):
        answer(record, "a.x", Outcome.RIGHT, day=DAY - back)
    record.add(Kind.OPENED, "k", EVENING - timedelta(days=3))  # reading is no practice
    assert Tallies(record).practised(DAY) == 4


def test_efforts_are_told_with_the_time_of_the_first_pass(record):
    for kind, passed in ((Kind.HINTED, None), (Kind.CHECKED, False), (Kind.CHECKED, True)):
        record.add(kind, "k", EVENING, passed=passed)
    answer(record, "kata:k", Outcome.RIGHT, seconds=600)
    answer(record, "kata:k", Outcome.RIGHT, day=DAY + 9, seconds=300)
    record.add(Kind.OPENED, "looked_at", EVENING)
    (effort,) = Tallies(record).efforts(["k", "looked_at", "other"])
    assert (effort.checks, effort.passes, effort.hints) == (2, 1, 1)
    assert (effort.first_seconds, effort.last_seconds, effort.last_day) == (600, 300, DAY + 9)


def test_an_older_record_gets_the_same_sums(record, tmp_path):
    rng = Random(5)
    for number in range(100):
        chosen, kind = [rng.randrange(4)], rng.choice(["choice", "order"])
        outcome = rng.choice([Outcome.RIGHT, Outcome.WRONG, Outcome.SKIPPED])
        answer(
            record, f"a.q{rng.randrange(9)}", outcome, DAY + number // 9, rng.uniform(1, 900), chosen, kind
        )
        if number % 9 == 0:
            Answers(record).undo(1, EVENING, advance, lambda _name: [])
        moment = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=7 * number)
        record.add(rng.choice(list(Kind)), f"k{rng.randrange(3)}", moment, passed=rng.random() < 0.5)
    older = sqlite3.connect(tmp_path / "older.db", isolation_level=None)
    before = next(n for n, script in enumerate(MIGRATIONS) if "CREATE TABLE days" in script)
    older.execute("PRAGMA synchronous = OFF")
    for script in MIGRATIONS[:before]:
        for statement in script.split(";\n"):
            older.execute(statement)
    for table in ("answers", "events"):
        columns = [row[1] for row in older.execute(f"PRAGMA table_info({table})")]
        rows = record.connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY id").fetchall()
        older.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(columns))})", rows)
    older.execute(f"PRAGMA user_version = {before}")
    older.close()
    brought_up = open_record(tmp_path / "older.db")
    for table, keys in SUMS.items():
        mine, theirs = (_sums(r, table, keys) for r in (record, brought_up))
        assert mine and mine == theirs, table


def _sums(record, table, keys):
    """What differs from nothing: a trap that was taken back may stand there with a zero."""
    rows = record.connection.execute(f"SELECT * FROM {table}").fetchall()
    return {row[:keys]: [round(value, 1) for value in row[keys:]] for row in rows if any(row[keys:])}
