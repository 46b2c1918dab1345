"""What `dlkata watch` does: looks at a file, the keyboard and the running check in turn, and shows what there is."""

import selectors
import sys
from collections.abc import Callable
from time import monotonic

import click

from dlkata.cli.app import App
from dlkata.cli.kata import start_attempt
from dlkata.cli.output import print_lines
from dlkata.cli.remember import meaning_of, remember_check
from dlkata.cli.running import running_interview, what_is_left
from dlkata.cli.watch_keys import press
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.grading.protocol import Check, Fault, Plan, Problem, Result, Verdict
from dlkata.grading.wire import Line
from dlkata.locale import _
from dlkata.progress.places import data_folder
from dlkata.progress.saves import PAUSE, Saves
from dlkata.progress.workspace import read_attempt
from dlkata.ui.keyboard import Keyboard
from dlkata.ui.screen import console
from dlkata.ui.stage import Stage
from dlkata.ui.watching import View, beside, frame, statement_width

REDRAW = 0.05  # seconds between two drawings, if no key is pressed: a clock ticks, results come in
GAP, EDGE = 2, 2  # columns between verdict and statement, and those of the line before it


class Watch:
    """One kata on the stage at a time; looks at its file, the keyboard and the running check in turn."""

    def __init__(
        self,
        app: App,
        kata: Kata,
        device: str,
        open_line: Callable[[], Line],
        keyboard: Keyboard,
        stage: Stage | None,
    ):
        self.app, self.device, self.open_line = app, device, open_line
        self.keyboard, self.stage = keyboard, stage
        self.line: Line | None = None
        self.selector = selectors.DefaultSelector()
        self.left: list[Kata] = []  # where one came from
        self.stale = 0.0  # when the screen is to be drawn again
        self.begin(kata)

    def begin(self, kata: Kata) -> None:
        """Opens a kata and checks it."""
        from dlkata.progress.record import Kind

        file = start_attempt(self.app, kata)
        self.app.remember(Kind.OPENED, kata)
        self.view = View(kata, file)
        self.saves = Saves(file)
        self.check()

    def turn_to(self, kata: Kata) -> None:
        """To another kata, from which one can come back."""
        self.left.append(self.view.kata)
        self.begin(kata)

    def run(self) -> None:
        try:
            while self.step():
                pass
        finally:
            self.cancel()

    def step(self) -> bool:
        """One look round; False to quit."""
        if monotonic() >= self.stale:
            self.draw()
            self.stale = monotonic() + REDRAW
        if self.selector.get_map():
            for _key, _events in self.selector.select(PAUSE):
                self.hear()
        else:
            self.keyboard.pause(PAUSE)
        if self.saves.due():
            self.check()
            self.view.hints = []
        elif not self.view.file.exists() and not self.view.message:
            self.cancel()
            self.view.message = _(
                "{file} is gone. It will be checked when it is back.", file=self.view.file.name
            )
        key = self.keyboard.key() if self.stage is not None else ""
        if key:
            self.stale = 0.0
        return press(self, key) if key else True

    # ------------------------------------------------------------ checking

    def check(self) -> None:
        """Checks the file as it is now; a check that still runs is cancelled."""
        self.cancel()
        self.interview = running_interview(self.app)
        self.view.results, self.view.verdict, self.view.problem, self.view.message = [], None, None, ""
        self.view.meaning = None
        self.view.below = 0
        try:
            self.view.source = read_attempt(self.view.file)
        except DlkataError as error:
            self.view.message = f"{error.message} {error.remedy}".strip()
            self.report()
            return
        kata = self.view.kata
        self.line = self.open_line()
        self.line.send(
            Check(
                root=str(kata.root), stem=kata.stem, attempt=str(self.view.file), source=self.view.source,
                device=self.device, private=[str(data_folder())], repeated=True,
            )
        )  # fmt: skip
        self.selector.register(self.line.connection, selectors.EVENT_READ)
        self.view.running = True

    def cancel(self) -> None:
        if self.line is not None:
            self.selector.unregister(self.line.connection)
            self.line.close()  # the supervisor sees this and ends its workers
            self.line = None
        self.view.running = False

    def hear(self) -> None:
        """What the running check has said since the last look."""
        if self.line is None:
            return
        messages = self.line.receive_some()
        for message in messages or []:
            self.take(message)
        if messages is None:  # the line has ended
            self.cancel()
            if self.view.verdict is None and self.view.problem is None and not self.view.message:
                self.view.message = _("The grader itself failed.") + " " + _("It ended without a verdict.")
            self.report()

    def take(self, message: object) -> None:
        view = self.view
        if isinstance(message, Plan):
            view.expected = len(message.tests)
        elif isinstance(message, Result):
            view.results = [r for r in view.results if r.name != message.name] + [message]
        elif isinstance(message, Problem):
            view.problem = message
        elif isinstance(message, Verdict):
            view.verdict = message
        elif isinstance(message, Fault):
            view.message = f"{_('The grader itself failed.')} {message.text.strip()}"
        if isinstance(message, (Verdict, Problem)):
            view.running = False
            remember_check(
                self.app, view.kata, view.source, self.device, view.results, view.verdict, view.problem
            )
            self.draw()
            if view.passed:  # the verdict stands already while this is looked up
                self.app.__dict__.pop("standing", None)
                view.meaning = meaning_of(self.app, view.kata)

    # ------------------------------------------------------------ showing

    def draw(self) -> None:
        if self.stage is None:
            return
        self.view.interview = what_is_left(self.interview, self.app.run) if self.interview else ""
        width, height = self.stage.size
        columns = self.stage.columns
        if room := statement_width(columns):
            width = min(width, columns - room - GAP)
            lines = frame(self.view, self.app.run, width, height)
            for line in lines:
                line.truncate(width)
            self.stage.show(lines, beside(self.view, room - EDGE, height), columns - room)
        else:
            self.stage.show(frame(self.view, self.app.run, width, height))

    def report(self) -> None:
        """In a pipe: a whole verdict, once it is there."""
        if self.stage is None:
            width = console().width
            lines = frame(self.view, self.app.run, width, sys.maxsize)
            print_lines(lines[:-2])  # without the keys
            self._wait()

    def _wait(self) -> None:
        """Where somebody looks on, a screen that stands still says why it does."""
        if console().is_terminal:
            waits = _("Waiting for the next save of {file}; Ctrl-C ends.", file=self.view.file.name)
            click.echo(f"\n{waits}\n")
        sys.stdout.flush()
