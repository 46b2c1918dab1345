"""What a session moved, and what a pass means."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bank import sample_library

from dlkata.content.library import Library
from dlkata.grading.protocol import Verdict
from dlkata.locale import use_language
from dlkata.progress.answers import Answer, Answers, Outcome
from dlkata.progress.record import Kind, open_record
from dlkata.study.mastery import mastery
from dlkata.study.moved import by_change, moved
from dlkata.study.next_step import Standing
from dlkata.study.passing import passing
from dlkata.study.rounds import follow
from dlkata.study.scheduler import AGAIN, GOOD, advance
from dlkata.ui.moved import moved_as_json, what_moved
from dlkata.ui.passing import passing_as_json, passing_lines
from dlkata.ui.watching import View, frame

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = NOON.date().toordinal()


@pytest.fixture
def record(tmp_path):
    record = open_record(tmp_path / "record.db")
    record.connection.execute("PRAGMA synchronous = OFF")
    return record


def answer(record, name, rating, day=DAY):
    outcome = Outcome.RIGHT if rating > AGAIN else Outcome.WRONG
    Answers(record).add(Answer(name, outcome, day, rating=rating), NOON + timedelta(days=day - DAY), advance)


def plain(lines):
    return "\n".join(line.plain for line in lines)


def test_what_a_session_moved_is_told_by_concept(record):
    library = sample_library()
    sums = list(library.index.concepts["sums"].ids())
    for name in sums:
        answer(record, name, GOOD)
    before = mastery(library, record, DAY + 2).cards
    for name in sums:
        answer(record, name, GOOD, DAY + 2)
    answer(record, "coins.memory", GOOD, DAY + 2)
    asked = [*sums, "coins.memory", "bug:adam.no_bias_correction", "gone.question"]
    moves = moved(mastery(library, record, DAY + 2), before, asked)
    assert {name: [m.entry.name for m in group] for name, group in by_change(moves).items()} == {
        "known": ["sums"], "begun": ["coins"]
    }  # fmt: skip
    screen = plain(what_moved(moves, 80))
    assert "● known now: " in screen and "◐ begun: Coins" in screen
    assert moved_as_json(moves)[0]["before"] == "learning" and moved_as_json(moves)[0]["after"] == "known"
    use_language("zh")
    assert "● 已掌握了：" in plain(what_moved(moves, 80))


def test_a_miss_is_told_and_a_session_that_moved_nothing_says_nothing(record):
    library = sample_library()
    sums = list(library.index.concepts["sums"].ids())
    for day in (0, 2):
        for name in sums:
            answer(record, name, GOOD, DAY + day)
    before = mastery(library, record, DAY + 13).cards
    assert moved(mastery(library, record, DAY + 13), before, sums) == []
    assert what_moved([], 80) == []
    for name in sums:
        answer(record, name, AGAIN, DAY + 13)
    assert list(by_change(moved(mastery(library, record, DAY + 13), before, sums))) == ["fallen"]


@pytest.fixture(scope="module")
def library():
    return Library()


def passed(record, library):
    standing = Standing(library.katas, record.solved(library.kata_names), {})
    return passing(library.kata("attention"), record, mastery(library, record, DAY), standing)


def test_a_pass_tells_its_time_what_it_proves_what_is_asked_next_and_what_is_next(record, library):
    for minutes, kind in ((0, Kind.OPENED), (9, Kind.HINTED), (12, Kind.CHECKED), (24, Kind.CHECKED)):
        record.add(kind, "attention", NOON + timedelta(minutes=minutes), passed=minutes == 24)
    follow(record, library.kata("attention"))
    told = passed(record, library)
    screen = plain(passing_lines(told, "dlkata", 80))
    assert screen.startswith("In 24 min (the page says 20) · 2 checks · 1 hint\n")
    assert "◐ Why divide by √dₖ" in screen and "  ? " in screen and "dlkata solution attention" in screen
    assert told.following.name != "attention" and f"dlkata kata {told.following.typed}" in screen
    found = passing_as_json(told)
    assert found["seconds"] == 1440 and found["next"] == told.following.name and len(found["follow_ups"]) >= 2
    assert {"concept": "sqrt_dk", "mark": "learning"} in found["proves"]


def test_a_pass_that_is_checked_again_tells_no_time(record, library):
    for minutes in (0, 5):
        record.add(Kind.CHECKED, "attention", NOON + timedelta(minutes=minutes), passed=True)
    told = passed(record, library)
    assert told.done is None and not plain(passing_lines(told, "dlkata", 80)).startswith("In ")
    assert passing_as_json(told)["seconds"] is None


def test_without_a_record_a_pass_still_says_what_is_next(library):
    standing = Standing(library.katas, set(), {})
    told = passing(library.kata("attention"), None, mastery(library, None, DAY), standing)
    assert "What it proves" in plain(passing_lines(told, "dlkata", 80))


def test_watch_tells_it_too(library):
    told = passing(
        library.kata("attention"), None, mastery(library, None, DAY), Standing(library.katas, set(), {})
    )
    view = View(told.kata, Path("attention.py"), verdict=Verdict(passed=True), meaning=told)
    screen = plain(frame(view, "dlkata", 80, 40))
    assert (
        "Passed: all" in screen and "What it proves" in screen and "What an interviewer asks next" in screen
    )
