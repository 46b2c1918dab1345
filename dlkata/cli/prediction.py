"""What will be seen? Asked at a terminal before an experiment runs: what one has guessed one remembers."""

import sys

from dlkata.cli.output import print_lines
from dlkata.content.concept import Concept
from dlkata.locale import _
from dlkata.study.asking import Asked, ask
from dlkata.ui.question import guess_judged, options, prompt
from dlkata.ui.screen import console


class Prediction:
    """The page's own question, and what the learner expects. It is no answer of a quiz: nothing is kept."""

    def __init__(self, asked: Asked):
        self.asked = asked
        self.expected: int | None = None

    def ask(self) -> None:
        from rich.text import Text

        from dlkata.cli.reader import Reader

        width = console().width
        print_lines([Text(), Text(_("Before it runs: what do you expect?"), style="bold")])
        print_lines([*prompt(self.asked, width), *options(self.asked, width), Text()])
        reader = Reader()
        ask_for = _("a to {last}, or Enter to just watch > ", last=self.asked.letters[-1])
        while (typed := reader.line(ask_for, self.asked.letters)) and typed.strip():
            if (given := self.asked.read(typed)) is not None:
                self.expected = given.chosen[0]
                return

    def judge(self) -> None:
        """After the run."""
        if self.expected is not None:
            print_lines(guess_judged(self.asked, self.expected, console().width))


def prediction(concept: Concept) -> Prediction | None:
    """None where nobody sits there to answer."""
    question = next((q for q in concept.questions if q.head.predicts), None)
    there = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    return Prediction(ask(question, seed=0)) if question is not None and there else None
