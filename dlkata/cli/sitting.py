"""The conversation of a quiz: asks, reads, answers back. What it means is decided in `study`."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from dlkata.cli.app import App, now, warn
from dlkata.cli.output import print_lines
from dlkata.cli.reader import Reader
from dlkata.cli.words import key_of
from dlkata.content.concept import Concept
from dlkata.content.question import Kind
from dlkata.errors import DlkataError
from dlkata.laboratory.bench import Laboratory
from dlkata.locale import _
from dlkata.study.asking import Asked, Given
from dlkata.study.session import Marked, Session
from dlkata.ui.choosing import PROMPT, Choosing
from dlkata.ui.question import (
    AFTERWARDS,
    GRADES,
    KEYS,
    feedback,
    heading,
    keys,
    marked_as_json,
    model_answer,
    options,
    options_by_letter,
    prompt,
    question_as_json,
    where_next,
)
from dlkata.ui.screen import console
from dlkata.ui.session import clock, in_days, line

if TYPE_CHECKING:
    from rich.text import Text

STOP, SKIP, UNDO, HINT, RUN, PASS = "q", "?", "u", "h", "!", "x"
SEVERAL = (Kind.MULTI, Kind.ORDER)
T = TypeVar("T")


class Stopped(Exception):
    """The learner stops, or there is nothing left to read."""


class Conversation:
    def __init__(
        self, app: App, session: Session, bench: Laboratory, reader: Reader, *, quiet: bool,
        tick: Callable[[], float] = time.monotonic, today: Callable[[], datetime] = now,
    ):  # fmt: skip
        self.app, self.session, self.bench, self.reader = app, session, bench, reader
        self.quiet, self.tick, self.today = quiet, tick, today
        self.topics = {topic.name: topic.title for topic in app.library.topics}
        self.limit = session.seconds_allowed() if session.exam else 0.0
        self.asked_json: dict[str, dict[str, Any]] = {}
        self.too_late = False
        self.interrupted = False

    def hold(self) -> None:
        """Until the questions end, or the learner does."""
        try:
            while (asked := self.session.next()) is not None:
                for problem in self._problems():
                    warn(problem)
                if self.session.exam and self.session.seconds >= self.limit:
                    self.too_late = True
                    break
                self._ask(asked)
            for problem in self._problems():
                warn(problem)
        except Stopped:
            pass
        except KeyboardInterrupt:  # Ctrl-C loses nothing either
            self.interrupted = True
            self._show([""])
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

    def _ask(self, asked: Asked) -> None:
        self.asked_json[asked.question.id] = question_as_json(asked)
        place = f"{self.session.position}/{self.session.length}"
        if self.session.exam:
            left = clock(max(0.0, self.limit - self.session.seconds))
            place += " · " + _("{time} left", time=left)
        topic = self.topics.get(asked.question.topic, asked.question.topic)
        self._show(["", *heading(asked, place, topic, self._width), *prompt(asked, self._width)])
        if not self._walked(asked):
            self._show(options(asked, self._width))
        start, hint, told = self.tick(), False, False
        while True:
            typed = self._answer(asked, told)
            told = True
            command = key_of(typed, KEYS)
            if command == STOP:
                raise Stopped
            if command == UNDO:
                if self._undo():
                    return
            elif command == SKIP:
                self._skip(asked, self.tick() - start)
                return
            elif command == HINT and not self.session.exam:
                hint, told = True, False
                self._hint(asked)
            elif command == RUN:
                self._run_last()
            elif command == PASS:
                self._take(asked, Given(), self.tick() - start, hint)
                return
            elif (given := asked.read(typed)) is not None:
                self._take(asked, given, self.tick() - start, hint)
                return
            else:
                told = False
                self._show([line(_("Please type one of these:"))])

    def _walked(self, asked: Asked) -> bool:
        """Whether the options are walked through with the arrow keys; they are shown where one types, then."""
        return self.reader.chooses and bool(asked.shown)

    def _answer(self, asked: Asked, told: bool) -> str:
        """What is typed or taken. `told`: what can be typed stands there already."""
        if self._walked(asked):
            several = asked.question.kind in SEVERAL
            footer = self._keys(asked)
            shown = options_by_letter(asked, self._width)
            self._show([""])
            return self._got(self.reader.choose(Choosing(shown, asked.letters, footer, several)))
        if not told:
            self._show(["", *self._keys(asked)])
        return self._read()

    def _skip(self, asked: Asked, seconds: float) -> None:
        self._kept(lambda: self.session.skip(asked, seconds, self.today()))

    def _take(self, asked: Asked, given: Given, seconds: float, hint: bool) -> None:
        if self.session.exam and self.session.seconds + seconds > self.limit:
            self.too_late = True
            raise Stopped
        grade = None
        if asked.question.kind is Kind.RECALL:
            self._show(["", *model_answer(asked, self._width)])
            grade = self._grade() if given.text else 1
        marked = self._kept(
            lambda: self.session.give(asked, given, seconds, self.today(), hint=hint, grade=grade)
        )
        if self.session.exam:
            return
        concept = self._concept(asked)
        kata = self._kata(concept, asked)
        comes_back = self._comes_back(marked)
        self._show(["", *feedback(marked, self._width), *where_next(concept, kata, comes_back, self.app.run, self._width)])  # fmt: skip
        if self.reader.terminal and not self.quiet:
            self._pause()

    def _grade(self) -> int:
        ways = " · ".join(_(said) for said in GRADES.values())
        self._show([line(_("How much of it did you have?"), ""), line(ways)])
        while True:
            typed = key_of(self._read(), GRADES)
            if typed == STOP:
                raise Stopped
            if typed in GRADES:
                return int(typed)
            self._show([line(_("Please type 1, 2, 3 or 4."))])

    def _pause(self) -> None:
        """On a terminal nothing scrolls away before it was read."""
        while True:
            command = key_of(
                self._read(" · ".join(_(said) for said in AFTERWARDS.values()) + " > "), AFTERWARDS
            )
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
            self._show([line(_("There is nothing to undo in this session."))])
            return False
        self._show([line(_("Taken back. Once more:"))])
        return True

    def _hint(self, asked: Asked) -> None:
        from dlkata.ui.page import layout

        concept = self._concept(asked)
        if concept is None:
            self._show([line(_("There is no hint for this one."))])
            return
        idea = concept.section.body.split("\n\n")[0]
        more = _("All of it: {command}", command=f"{self.app.run} why {concept.typed}")
        self._show(["", *layout(idea, self._width), "", line(more)])

    def _run_last(self) -> None:
        """The experiment of the concept that was last asked about."""
        from dlkata.cli.why import show_experiment

        concept = self._concept(self.session.marked[-1].asked) if self.session.marked else None
        if self.quiet or self.session.exam:
            return
        if concept is None or not concept.has_experiment:
            self._show([line(_("There is nothing to run for this concept."))])
            return
        try:
            show_experiment(concept, self.bench)
        except DlkataError as error:
            warn(f"{error.message} {error.remedy}".strip())

    def _concept(self, asked: Asked) -> Concept | None:
        name = asked.question.concept
        return self.app.library.concept(name) if name in self.app.library.index.concepts else None

    def _kata(self, concept: Concept | None, asked: Asked) -> str:
        name = concept.head.kata if concept is not None else asked.question.concept.partition(":")[2]
        return name.replace("_", "-") if name in self.app.library.kata_names else ""

    def _comes_back(self, marked: Marked) -> str:
        if marked.card is None:
            return ""
        return _("Comes back {when}.", when=in_days(marked.card.due, marked.answer.day))

    def _read(self, ask_for: str = PROMPT) -> str:
        return self._got(self.reader.line(ask_for))

    def _got(self, typed: str | None) -> str:
        if typed is None:
            raise Stopped
        return typed

    def _keys(self, asked: Asked) -> "list[Text]":
        from rich.text import Text

        from dlkata.ui.wrap import wrap

        exam, undo, arrows = self.session.exam, bool(self.session.done), self._walked(asked)
        text = keys(asked, exam=exam, undo=undo, arrows=arrows)
        return wrap(Text(text, style="dim"), self._width)

    def _show(self, lines: "Sequence[Text | str]") -> None:
        from rich.text import Text

        if not self.quiet:
            print_lines(Text(row) if isinstance(row, str) else row for row in lines)

    @property
    def _width(self) -> int:
        return console().width

    def _list_the_rest(self) -> None:
        """For --json: what was not asked any more, so that a script can see it."""
        for asked in self.session.rest():
            self.asked_json[asked.question.id] = question_as_json(asked)

    def answers_json(self) -> list[dict[str, Any]]:
        from dlkata.study.day import date_of

        return [
            marked_as_json(m, date_of(m.card.due).isoformat() if m.card else None)
            for m in self.session.marked
        ]
