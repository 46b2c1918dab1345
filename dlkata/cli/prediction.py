"""What will be seen? Asked at a terminal before an experiment runs: what one has guessed one remembers."""

import sys
from typing import TYPE_CHECKING

from dlkata.cli.output import print_lines
from dlkata.cli.words import key_of
from dlkata.content.concept import Concept
from dlkata.locale import N_, _
from dlkata.study.asking import Asked, ask
from dlkata.ui.choosing import Choosing
from dlkata.ui.question import guess_judged, options, options_by_letter, prompt
from dlkata.ui.screen import console
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from dlkata.cli.reader import Reader


STOP = {"q": N_("q stop")}


class Prediction:
    """The page's own question, and what the learner expects. It is no answer of a quiz: nothing is kept."""

    def __init__(self, asked: Asked):
        self.asked = asked
        self.expected: int | None = None

    def ask(self) -> bool:
        """Whether the experiment is to run."""
        from rich.text import Text

        from dlkata.cli.reader import Reader

        width = console().width
        print_lines([Text(), Text(_("Before it runs: what do you expect?"), style="bold")])
        reader = Reader()
        shown = [] if reader.chooses else options(self.asked, width)
        print_lines([*prompt(self.asked, width), *shown, Text()])
        while (typed := self._answer(reader, width)) and typed.strip():
            if key_of(typed, STOP) == "q":
                return False
            if (given := self.asked.read(typed)) is not None:
                self.expected = given.chosen[0]
                break
            print_lines([Text(_("Please type one of these:"))])
        return True

    def _answer(self, reader: "Reader", width: int) -> str | None:
        from rich.text import Text

        last = self.asked.letters[-1]
        if not reader.chooses:
            return reader.line(_("a to {last}, Enter to just watch, q to stop > ", last=last))
        footer = wrap(
            Text(_("↑ ↓ and Enter, or a to {last} · Enter alone: just watch · q stop", last=last), "dim"),
            width,
        )
        return reader.choose(Choosing(options_by_letter(self.asked, width), self.asked.letters, footer))

    def judge(self) -> None:
        """After the run."""
        if self.expected is not None:
            print_lines(guess_judged(self.asked, self.expected, console().width))


def prediction(concept: Concept) -> Prediction | None:
    """None where nobody sits there to answer."""
    question = next((q for q in concept.questions if q.head.predicts), None)
    there = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    return Prediction(ask(question, seed=0)) if question is not None and there else None
