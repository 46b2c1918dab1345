"""A limit by the clock on the wall: it can be neither stopped nor reset, by waiting, leaving, or setting the clock."""

import io
from datetime import datetime, timedelta, timezone

import pytest
from bank import sample_library
from rich.text import Text

from dlkata.cli.app import App
from dlkata.cli.reader import TimeUp
from dlkata.cli.sitting import Conversation
from dlkata.progress.answers import Answers
from dlkata.progress.record import open_record
from dlkata.progress.sittings import Sitting
from dlkata.study.countdown import Countdown
from dlkata.study.opening import Pace, open_session
from dlkata.study.selection import Wish
from dlkata.study.session import Session
from dlkata.ui.session import time_left
from dlkata.ui.writing import Writing

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=8)))


class Clocks:
    """The wall and the machine's own; `pass_` moves both, as time does."""

    def __init__(self, wall=NOON):
        self.wall, self.ticked = wall, 0.0

    def pass_(self, seconds):
        self.wall += timedelta(seconds=seconds)
        self.ticked += seconds

    def countdown(self, limit=60.0, **options) -> Countdown:
        return Countdown(NOON, limit, lambda: self.wall, lambda: self.ticked, **options)


def test_it_runs_out_and_stays_out():
    clocks = Clocks()
    countdown = clocks.countdown()
    clocks.pass_(59.5)
    assert not countdown.over and time_left(countdown) == "0:01" and countdown.changes_in == 0.5
    clocks.pass_(100)
    assert countdown.over and countdown.elapsed == 60 and time_left(countdown) == "0:00"


def test_leaving_and_coming_back_gains_nothing():
    clocks = Clocks()
    clocks.pass_(45)
    assert clocks.countdown().left == 15


def test_setting_the_wall_clock_back_does_not_stop_it():
    clocks = Clocks()
    countdown = clocks.countdown()
    clocks.pass_(20)
    assert countdown.left == 40
    clocks.wall -= timedelta(days=400)
    clocks.pass_(20)
    assert countdown.left == 20
    assert clocks.countdown(spent=30.0).left == 30, (
        "in another process what was kept says how much has passed"
    )


def test_a_machine_that_slept_slept_on_the_clock():
    clocks = Clocks()
    countdown = clocks.countdown()
    clocks.wall += timedelta(seconds=50)  # its own clock stood still meanwhile
    assert countdown.left == 10


def test_another_time_zone_is_no_other_time():
    clocks = Clocks()
    countdown = clocks.countdown()
    clocks.wall = (NOON + timedelta(seconds=10)).astimezone(timezone(timedelta(hours=-9)))
    assert countdown.elapsed == 10


class Answering:
    """Types these lines, each after so many seconds; then waits until time is up."""

    terminal = chooses = False

    def __init__(self, clocks, *lines):
        self.clocks, self.lines = clocks, list(lines)

    def line(self, prompt="> ", countdown=None):
        seconds, typed = self.lines.pop(0) if self.lines else (10**6, None)
        if countdown is not None and seconds >= countdown.left:
            self.clocks.pass_(countdown.left)
            raise TimeUp
        self.clocks.pass_(seconds)
        return typed


def exam(clocks, record, *lines, wish=None, sitting=None):
    library = sample_library()
    if sitting is None:
        opened = open_session(
            library, record, wish or Wish(count=4, exam=True, seed=3), clocks.wall, None, lambda *_: {"n": 8, "half": 4, "quarter": 2}, Pace()
        )  # fmt: skip
        session = opened.session
    else:
        session = Session(library, None, sitting, lambda *_: {"n": 8, "half": 4, "quarter": 2})
    app = App()
    app.library = library
    talk = Conversation(
        app, session, None, Answering(clocks, *lines), quiet=False, tick=lambda: clocks.ticked, today=lambda: clocks.wall
    )  # fmt: skip
    talk.hold()
    return talk


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    return open_record(tmp_path / "record.db")


def test_an_exam_ends_when_time_is_up_whoever_waits(record):
    clocks = Clocks()
    talk = exam(clocks, record, (10, "x"))
    assert talk.too_late and talk.countdown.over
    closed = talk.session.done[-1]
    assert closed.closed and closed.rating is None, "not to answer in time says nothing about the schedule"
    assert [marked.answer for marked in talk.session.all_marked()] == talk.session.done, (
        "its feedback is told"
    )
    assert not Answers(record).sittings.left(clocks.wall.toordinal())


def test_an_exam_that_was_left_goes_on_with_what_the_wall_clock_left_of_it(record):
    clocks = Clocks()
    first = exam(clocks, record, (10, "x"), (5, "q"))
    assert not first.too_late and first.countdown.left == first.countdown.limit - 15
    clocks.pass_(30)
    second = exam(clocks, record, (5, "x"), (0, "q"))
    assert len(second.session.done) == 2
    assert second.countdown.elapsed == 50
    clocks.pass_(7200)
    third = exam(clocks, record, (0, "x"))
    assert third.too_late and len(third.session.done) == 3, (
        "what was open is closed, and nothing more is asked"
    )
    assert exam(clocks, record, (0, "q")).session.done == [], "it has ended: the next one is another"


def test_undoing_gives_no_time_back(record):
    clocks = Clocks()
    talk = exam(clocks, record, (20, "x"), (1, "u"), (1, "x"), (1, "q"))
    assert talk.countdown.elapsed == 23 and len(talk.session.done) == 1


def test_without_a_record_an_exam_has_its_clock_all_the_same(record):
    clocks = Clocks()
    sitting = Sitting(0, 1, 3, {"exam": True}, ["coins.memory", "sums.even"])
    talk = exam(clocks, record, (10, "x"), sitting=sitting)
    assert talk.too_late and talk.countdown.over


def typed(writing: Writing, *keys: str):
    lines = [writing.press(key) for key in keys]
    assert all(line is None for line in lines[:-1])
    return lines[-1]


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (["1", "2", "left", "backspace", "enter"], "2"),
        (["1", "2", "left", "left", "delete", "3", "enter"], "32"),
        (["a", "b", "home", "c", "end", "d", "enter"], "cabd"),
        (["量", "子", "left", "电", "enter"], "量电子"),
        (["a", "b", "left", "\x15", "enter"], "b"),
        (["left", "backspace", "delete", "up", "escape", "enter"], ""),
    ],
)
def test_a_line_is_edited_while_a_clock_runs(keys, line):
    assert typed(Writing([]), *keys) == line


def test_a_long_line_goes_on_below_and_the_cursor_is_where_one_types():
    writing = Writing([Text("keys")], prompt=lambda: "0:09 > ")
    typed(writing, *"一二三四五六七八九十")
    assert [row.plain for row in writing.rows(20)] == ["keys", "0:09 > 一二三四五六", "七八九十"]
    assert writing.cursor(20) == (0, 8)
    typed(writing, "home")
    assert writing.cursor(20) == (1, 7)
