"""Where questions are put and answers are read, by a quiz and by an interview: in a terminal or a pipe, with a clock
or without one."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from dlkata.cli.app import App
from dlkata.cli.output import print_lines
from dlkata.cli.reader import Reader, TimeUp
from dlkata.cli.words import key_of
from dlkata.content.concept import Concept
from dlkata.content.question import Kind
from dlkata.locale import _
from dlkata.study.asking import Asked
from dlkata.study.countdown import Countdown
from dlkata.ui.choosing import PROMPT, Choosing
from dlkata.ui.question import GRADES, heading, options, options_by_letter, prompt
from dlkata.ui.screen import console
from dlkata.ui.session import line, time_left
from dlkata.ui.writing import Writing

if TYPE_CHECKING:
    from rich.text import Text

STOP = "q"
SEVERAL = (Kind.MULTI, Kind.ORDER)


class Stopped(Exception):
    """The learner stops, or there is nothing left to read."""


class Desk:
    def __init__(self, app: App, reader: Reader, *, quiet: bool, countdown: Countdown | None = None):
        self.app, self.reader, self.quiet, self.countdown = app, reader, quiet, countdown
        self.topics = {topic.name: topic.title for topic in app.library.topics}

    def show(self, lines: "Iterable[Text | str]") -> None:
        from rich.text import Text

        if not self.quiet:
            print_lines(Text(row) if isinstance(row, str) else row for row in lines)

    @property
    def width(self) -> int:
        return console().width

    def in_time(self) -> None:
        if self.countdown is not None and self.countdown.over:
            raise TimeUp

    def put(self, asked: Asked, place: str) -> None:
        """The question, under where one is; with a clock, what is left of it, unless it is seen where one types."""
        if self.countdown is not None and not self.reader.chooses:
            place += " · " + _("{time} left", time=time_left(self.countdown))
        topic = self.topics.get(asked.question.topic, asked.question.topic)
        self.show(["", *heading(asked, place, topic, self.width), *prompt(asked, self.width)])
        if not self.walked(asked):
            self.show(options(asked, self.width))

    def walked(self, asked: Asked) -> bool:
        """Whether the options are walked through with the arrow keys; they are shown where one types, then."""
        return self.reader.chooses and bool(asked.shown)

    def answer(self, asked: Asked, keys: str, told: bool) -> str:
        """What is typed or taken. `told`: what can be typed stands there already."""
        if not self.walked(asked):
            return self.typed(keys, told)
        shown = options_by_letter(asked, self.width)
        several = asked.question.kind in SEVERAL
        self.show([""])
        return self.chosen(Choosing(shown, asked.letters, self.footer(keys), several, prompt=self.prompt))

    def typed(self, keys: str, told: bool = False, meanwhile: Callable[[], str | None] | None = None) -> str:
        """A line below its keys; while a clock runs, it is drawn again each second."""
        if self.countdown is not None and self.reader.chooses:
            self.show([""])
            return self._got(
                self.reader.choose(Writing(self.footer(keys), prompt=self.prompt), self.countdown, meanwhile)
            )
        if not told:
            self.show(["", *self.footer(keys)])
        return self.read()

    def chosen(self, choosing: Choosing) -> str:
        return self._got(self.reader.choose(choosing, self.countdown))

    def read(self, ask_for: str = PROMPT) -> str:
        return self._got(self.reader.line(ask_for, self.countdown))

    def _got(self, typed: str | None) -> str:
        if typed is None:
            raise Stopped
        self.in_time()
        return typed

    def prompt(self) -> str:
        """The clock runs where one types: there it is seen, whatever scrolls."""
        return PROMPT if self.countdown is None else f"{time_left(self.countdown)} {PROMPT}"

    def footer(self, keys: str) -> "list[Text]":
        from rich.text import Text

        from dlkata.ui.wrap import wrap

        return wrap(Text(keys, style="dim"), self.width)

    def grade(self) -> int:
        """How much of it the learner had, in their own judgement."""
        ways = " · ".join(_(said) for said in GRADES.values())
        self.show([line(_("How much of it did you have?"), ""), line(ways)])
        while True:
            typed = key_of(self.read(), GRADES)
            if typed == STOP:
                raise Stopped
            if typed in GRADES:
                return int(typed)
            self.show([line(_("Please type 1, 2, 3 or 4."))])

    def hint(self, asked: Asked) -> bool:
        """Whether there was one to show."""
        from dlkata.ui.page import layout

        concept = self.concept(asked)
        if concept is None:
            self.show([line(_("There is no hint for this one."))])
            return False
        idea = concept.section.body.split("\n\n")[0]
        more = _("All of it: {command}", command=f"{self.app.run} why {concept.typed}")
        self.show(["", *layout(idea, self.width), "", line(more)])
        return True

    def concept(self, asked: Asked) -> Concept | None:
        name = asked.question.concept
        return self.app.library.concept(name) if name in self.app.library.index.concepts else None
