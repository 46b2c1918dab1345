"""A learner who goes through an interview by script, under a clock that only moves when told, and crashes at will."""

import io
import os
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from random import Random

from dlkata.cli import check
from dlkata.cli.app import App
from dlkata.cli.interviewer import Interviewer
from dlkata.cli.reader import TimeUp
from dlkata.content.library import Library
from dlkata.content.question import Kind
from dlkata.progress.answers import Answers
from dlkata.progress.interviews import Did, Interviews
from dlkata.progress.record import Kind as Event
from dlkata.progress.record import open_record
from dlkata.study.asking import Asked
from dlkata.study.interview.agenda import Part, Scope, draw_up
from dlkata.study.interview.scorecard import Scorecard
from dlkata.study.interview.state import Interview
from dlkata.study.next_step import Standing
from dlkata.study.opening import bank_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=8)))


class Crash(BaseException):
    """The power is cut, the terminal closed."""


@cache
def library() -> Library:
    return Library()


@cache
def standing() -> Standing:
    return Standing(library().katas, set(), {})


@dataclass
class Clocks:
    wall: datetime = NOON
    ticked: float = 0.0

    def pass_(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.ticked += seconds


def begin(folder: Path, clocks: Clocks, minutes: int, seed: int = 7, replaced=None):
    """A record in that folder and the name of an interview that has just begun."""
    record = opened(folder)
    tasks = draw_up(minutes, Scope(), bank_of(library(), None, Random(seed)), standing(), Random(seed)).tasks
    told = [task.as_json() for task in tasks]
    for number, name in (replaced or {}).items():
        told[number]["name"] = name
    name = Interviews(record).begin(
        clocks.wall, {"minutes": minutes, "seed": seed, "scope": {}, "tasks": told}
    )
    return record, name


def opened(folder: Path):
    record = open_record(folder / "record.db")
    record.connection.execute("PRAGMA synchronous = OFF")
    return record


def drawn(question, seed) -> dict:
    return dict.fromkeys(question.placeholders, 1)


class Learner:
    """Takes `seconds` for each line; after `waits` lines types nothing more and leaves. `crash`: when it dies."""

    terminal = chooses = False

    def __init__(
        self, clocks, record, name, seconds, *, crash="never", waits=None, at_kata="", saves=False, saved_at=None, spared=()
    ):  # fmt: skip
        self.clocks, self.record, self.seconds, self.crash = clocks, record, seconds, crash
        self.waits, self.at_kata, self.saves, self.saved_at = waits, at_kata, saves, saved_at
        self.lines: list[str] = []
        self.spared = spared  # where it has crashed already
        app = App()
        app.library, app.record = library(), record
        self.holder = Interviewer(
            app, record, name, drawn, self, quiet=False, tick=lambda: clocks.ticked, today=lambda: clocks.wall
        )  # fmt: skip
        self._make_fragile()

    def _make_fragile(self) -> None:
        took, insert = self.holder.took, self.holder.kept.insert

        def crashing_took(step):
            took(step)
            if self.crash == "after each step" and step.did is not Did.ENDED:
                raise Crash

        def crashing_insert(name, did, now, detail, after):
            step = insert(name, did, now, detail, after)
            if self.crash == "within each step" and step.id not in self.spared:
                self.spared.add(step.id)
                raise Crash  # the transaction is rolled back
            return step

        self.holder.took, self.holder.kept.insert = crashing_took, crashing_insert

    def hold(self) -> Interview:
        former = check.grade
        check.grade = self.graded
        try:
            with redirect_stdout(io.StringIO()):
                self.holder.hold()
        finally:
            check.grade = former
        return self.holder.state

    def line(self, prompt="> ", countdown=None):
        """Some seconds later, the answer; or time is up first."""
        if self.waits is not None and len(self.lines) >= self.waits:
            return None
        state = self.holder.state
        place = (state.position, state.said is None, "line")
        if self.crash == "while it waits" and place not in self.spared:
            self.spared.add(place)
            self.clocks.pass_(1.0)
            raise Crash
        seconds, typed = self._typed()
        if countdown is not None and seconds >= countdown.left:
            self.clocks.pass_(countdown.left)
            raise TimeUp
        self.clocks.pass_(seconds)
        self.lines.append(typed)
        return typed

    def _typed(self) -> tuple[float, str]:
        state = self.holder.state
        task = state.task
        if state.said is not None:
            return self.seconds, "3" if task.part is Part.FOLLOW_UP else "a"
        if task.part is Part.KATA:
            return self._at_kata()
        if task.part is Part.QUICK:
            return self.seconds, right_answer(self.holder.asked(task))
        return self.seconds, ""

    def _at_kata(self) -> tuple[float, str]:
        kata = self.holder.task.name
        if self.at_kata == "waits":
            if self.saves:
                file = self.holder.app.workspace.file(kata)
                file.write_text("answer = 42\n", encoding="utf-8")
                at = (self.saved_at or self.clocks.wall).timestamp()
                os.utime(file, (at, at))
            return 10**6, ""
        if self.at_kata == "passes elsewhere":
            self.record.add(Event.CHECKED, kata, self.clocks.wall, passed=True)
            return self.seconds, "s"
        if self.at_kata == "takes hints" and self.lines.count("h") < 2:
            return self.seconds, "h"
        return self.seconds, "c"

    def graded(self, app, kata, file, *, quiet=False) -> bool:
        self.record.add(Event.CHECKED, kata.name, self.clocks.wall, passed=True)
        return True


def right_answer(asked: Asked) -> str:
    if asked.question.kind is Kind.NUMBER:
        return asked.question.options[0].text
    return " ".join(asked.letter(option) for option in asked.question.right)


@dataclass
class Ran:
    state: Interview
    card: Scorecard
    answers: Answers
    crashes: int
    points_without_crash: float


def run_through(folder: Path, minutes: int, seconds: float, *, crash: str) -> Ran:
    """Until it ends, however often it crashes on the way."""
    clocks = Clocks()
    record, name = begin(folder, clocks, minutes)
    crashes, spared = 0, set()
    while True:
        learner = Learner(clocks, record, name, seconds, crash=crash, spared=spared)
        try:
            state = learner.hold()
            break
        except Crash:
            crashes += 1
            record.close()
            record = opened(folder)
    points = learner.holder.card.points
    if crash != "never":
        other = folder / "whole"
        other.mkdir()
        os.environ["DLKATA_WORKSPACE"] = str(other / "work")
        points = run_through(other, minutes, seconds, crash="never").card.points
    return Ran(state, learner.holder.card, Answers(record), crashes, points)
