"""The conversation of a quiz: asks, reads, answers back. What it means is decided in `study`."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any, TypeVar

from dlkata.cli.app import App, now, warn
from dlkata.cli.desk import STOP, Desk, Stopped
from dlkata.cli.reader import Reader, TimeUp
from dlkata.cli.words import key_of
from dlkata.content.concept import Concept
from dlkata.content.question import Kind
from dlkata.errors import DlkataError
from dlkata.laboratory.bench import Laboratory
from dlkata.locale import _
from dlkata.study.asking import Asked, Given
from dlkata.study.countdown import Countdown
from dlkata.study.session import Marked, Session
from dlkata.ui.question import (
    AFTERWARDS,
    KEYS,
    feedback,
    keys,
    marked_as_json,
    model_answer,
    question_as_json,
    where_next,
)
from dlkata.ui.session import in_days, line

SKIP, UNDO, HINT, RUN, PASS = "?", "u", "h", "!", "x"
T = TypeVar("T")


class Conversation:
    def __init__(
        self, app: App, session: Session, bench: Laboratory, reader: Reader, *, quiet: bool,
        tick: Callable[[], float] = monotonic, today: Callable[[], datetime] = now,
    ):  # fmt: skip
        self.app, self.session, self.bench, self.reader = app, session, bench, reader
        self.quiet, self.tick, self.today = quiet, tick, today
        begun, allowed = session.sitting.begun or today(), session.seconds_allowed()
        self.countdown = Countdown(begun, allowed, today, tick, session.seconds) if session.exam else None
        self.desk = Desk(app, reader, quiet=quiet, countdown=self.countdown)
        self.asked_json: dict[str, dict[str, Any]] = {}
        self.began = tick()  # when the question that is open was asked
        self.too_late = False
        self.interrupted = False

    def hold(self) -> None:
        """Until the questions end, or the learner does."""
        try:
            while (asked := self.session.next()) is not None:
                for problem in self._problems():
                    warn(problem)
                try:
                    self._ask(asked)
                except TimeUp:
                    self._close(asked)
                    break
            for problem in self._problems():
                warn(problem)
        except Stopped:
            pass
        except KeyboardInterrupt:  # Ctrl-C loses nothing either
            self.interrupted = True
            self.desk.show([""])
        finally:
            if self.quiet:
                self._list_the_rest()
            self._kept(lambda: self.session.leave(ended=self.too_late))

    def _kept(self, action: Callable[[], T]) -> T:
        """Where the record fails on the way (a full disk), the session goes on without it."""
        try:
            return action()
        except DlkataError as error:
            warn(f"{error.message} {error.remedy}".strip())
            self.session.answers = None
            return action()

    def _problems(self) -> list[str]:
        problems, self.session.problems = self.session.problems, []
        return problems

    def _close(self, asked: Asked) -> None:
        """What was open when time was up is closed; its feedback comes with that of the others."""
        self.too_late = True
        self._kept(lambda: self.session.skip(asked, self._seconds, self.today(), closed=True))

    @property
    def _seconds(self) -> float:
        return self.tick() - self.began

    def _ask(self, asked: Asked) -> None:
        self.began = self.tick()
        self.desk.in_time()
        self.asked_json[asked.question.id] = question_as_json(asked)
        self.desk.put(asked, f"{self.session.position}/{self.session.length}")
        hint, told = False, False
        while True:
            typed = self.desk.answer(asked, self._keys(asked), told)
            told = True
            command = key_of(typed, KEYS)
            if command == STOP:
                raise Stopped
            if command == UNDO:
                if self._undo():
                    return
            elif command == SKIP:
                self._kept(lambda: self.session.skip(asked, self._seconds, self.today()))
                return
            elif command == HINT and not self.session.exam:
                hint, told = True, False
                self.desk.hint(asked)
            elif command == RUN:
                self._run_last()
            elif command == PASS:
                self._take(asked, Given(), hint)
                return
            elif (given := asked.read(typed)) is not None:
                self._take(asked, given, hint)
                return
            else:
                told = False
                self.desk.show([line(_("Please type one of these:"))])

    def _take(self, asked: Asked, given: Given, hint: bool) -> None:
        seconds = self._seconds
        grade = None
        if asked.question.kind is Kind.RECALL:
            self.desk.show(["", *model_answer(asked, self.desk.width)])
            grade = self.desk.grade() if given.text else 1
        marked = self._kept(
            lambda: self.session.give(asked, given, seconds, self.today(), hint=hint, grade=grade)
        )
        if self.session.exam:
            return
        concept = self.desk.concept(asked)
        width, comes_back = self.desk.width, self._comes_back(marked)
        next_steps = where_next(concept, self._kata(concept, asked), comes_back, self.app.run, width)
        self.desk.show(["", *feedback(marked, width), *next_steps])
        if self.reader.terminal and not self.quiet:
            self._pause()

    def _pause(self) -> None:
        """On a terminal nothing scrolls away before it was read."""
        while True:
            ways = " · ".join(_(said) for said in AFTERWARDS.values())
            command = key_of(self.desk.read(ways + " > "), AFTERWARDS)
            if command == STOP:
                raise Stopped
            if command == RUN:
                self._run_last()
            elif command == UNDO:
                self._undo()
                return
            else:
                return

    def _undo(self) -> bool:
        """Whether there was something to take back."""
        taken_back = self._kept(lambda: self.session.undo(self.today()))
        if taken_back is None:
            self.desk.show([line(_("There is nothing to undo in this session."))])
            return False
        self.desk.show([line(_("Taken back. Once more:"))])
        return True

    def _run_last(self) -> None:
        """The experiment of the concept that was last asked about."""
        from dlkata.cli.why import show_experiment

        concept = self.desk.concept(self.session.marked[-1].asked) if self.session.marked else None
        if self.quiet or self.session.exam:
            return
        if concept is None or not concept.has_experiment:
            self.desk.show([line(_("There is nothing to run for this concept."))])
            return
        try:
            show_experiment(concept, self.bench)
        except DlkataError as error:
            warn(f"{error.message} {error.remedy}".strip())

    def _kata(self, concept: Concept | None, asked: Asked) -> str:
        name = concept.head.kata if concept is not None else asked.question.concept.partition(":")[2]
        return name.replace("_", "-") if name in self.app.library.kata_names else ""

    def _comes_back(self, marked: Marked) -> str:
        if marked.card is None:
            return ""
        return _("Comes back {when}.", when=in_days(marked.card.due, marked.answer.day))

    def _keys(self, asked: Asked) -> str:
        undo = bool(self.session.done)
        return keys(asked, exam=self.session.exam, undo=undo, arrows=self.desk.walked(asked))

    def _list_the_rest(self) -> None:
        """For --json: what was not asked any more, so that a script can see it."""
        for asked in self.session.rest():
            self.asked_json[asked.question.id] = question_as_json(asked)

    def answers_json(self) -> list[dict[str, Any]]:
        from dlkata.progress.day import date_of

        return [
            marked_as_json(m, date_of(m.card.due).isoformat() if m.card else None)
            for m in self.session.marked
        ]
