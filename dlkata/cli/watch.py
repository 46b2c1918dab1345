"""`dlkata watch [NAME]`"""

import selectors
import sys
from collections.abc import Callable

import click

from dlkata.cli.app import KATA, App
from dlkata.cli.check import SANDBOX_HELP
from dlkata.cli.editor import open_in_editor
from dlkata.cli.kata import start_attempt
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_lines
from dlkata.cli.remember import remember_check
from dlkata.cli.reset import start_afresh
from dlkata.cli.target import latest
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.grading.protocol import Check, Fault, Plan, Problem, Result, Verdict
from dlkata.grading.wire import Line
from dlkata.locale import N_, _
from dlkata.progress.places import data_folder
from dlkata.progress.saves import PAUSE, Saves
from dlkata.progress.settings import DEVICES
from dlkata.progress.workspace import read_attempt
from dlkata.ui.keyboard import Keyboard
from dlkata.ui.screen import console
from dlkata.ui.stage import Stage
from dlkata.ui.watching import View, frame


@click.command(
    cls=LocalCommand,
    help=N_(
        """Check a kata each time you save it; the verdict is there before you look up.

        Without NAME: the kata you last worked on, or the next one. While it runs, `dlkata check` elsewhere is
        instant too. In a pipe it prints one verdict after the other, until it is interrupted.
        """
    ),
)
@click.argument("kata", type=KATA, required=False)
@option(
    "--device",
    type=click.Choice(DEVICES),
    help=N_("Where to run it; `auto` takes a GPU if there is one. [default: cpu]"),
)
@option("--sandbox", is_flag=True, help=SANDBOX_HELP)
@click.pass_obj
def command(app: App, kata: Kata | None, device: str | None, sandbox: bool) -> None:
    from dlkata.grading.client import offered

    shut_in = app.sandbox(sandbox)
    with offered(shut_in, app.linger(shut_in)) as open_line:
        chosen = app.device(device)
        first = kata or _first_kata(app)
        if console().is_terminal and not console().is_dumb_terminal:
            with Keyboard() as keyboard, Stage() as stage:
                Watch(app, first, chosen, open_line, keyboard, stage).run()
        else:
            if console().is_terminal:
                click.echo(
                    _("Checking {file} now, then each time you save it.", file=app.workspace.file(first.name))
                )
            Watch(app, first, chosen, open_line, Keyboard(), None).run()


def _first_kata(app: App) -> Kata:
    found = latest(app) or app.standing.next_new()
    if found is None:
        raise click.UsageError(_("Name a kata; `dlkata list` shows them."))
    return found


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
        self.size = (0, 0)
        self.begin(kata)

    def begin(self, kata: Kata) -> None:
        """Turns to another kata."""
        from dlkata.progress.record import Kind

        file = start_attempt(self.app, kata)
        self.app.remember(Kind.OPENED, kata)
        self.view = View(kata, file)
        self.saves = Saves(file)
        self.check()

    def run(self) -> None:
        try:
            while self.step():
                pass
        finally:
            self.cancel()

    def step(self) -> bool:
        """One look round; False to quit."""
        self.draw()
        if self.selector.get_map():
            for _key, _events in self.selector.select(PAUSE):
                self.hear()
        else:
            select_pause()
        if self.saves.due():
            self.check()
            self.view.hints = []
        elif not self.view.file.exists() and not self.view.message:
            self.cancel()
            self.view.message = _(
                "{file} is gone. It will be checked when it is back.", file=self.view.file.name
            )
        key = self.keyboard.key() if self.stage is not None else ""
        return self.press(key) if key else True

    # ------------------------------------------------------------ checking

    def check(self) -> None:
        """Checks the file as it is now; a check that still runs is cancelled."""
        self.cancel()
        self.view.results, self.view.verdict, self.view.problem, self.view.message = [], None, None, ""
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
                device=self.device, private=[str(data_folder())],
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

    # ------------------------------------------------------------ showing

    def draw(self) -> None:
        if self.stage is not None:
            self.stage.show(frame(self.view, self.app.run, *self.stage.size))

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

    # ------------------------------------------------------------ keys

    def press(self, key: str) -> bool:
        if self.view.question:
            answer, self.view.question = key == "y", ""
            if answer:
                self.reset()
            return True
        actions = {
            "n": self.next,
            "h": self.hint,
            "e": self.edit,
            "r": self.check,
            "l": self.list,
            "x": self.ask_reset,
        }
        if key == "q":
            return False
        if key in actions:
            actions[key]()
        return True

    def next(self) -> None:
        """The next new kata; the standing is read anew, for this one may be solved by now. From one that is still
        new itself to the one behind it: so all can be looked at in turn."""
        from dlkata.study.next_step import Status

        self.app.__dict__.pop("standing", None)
        standing, here = self.app.standing, self.view.kata
        kata = standing.next_new(behind=here if standing.status(here) is Status.NEW else None)
        if kata is None:
            self.view.message = _("There is no new kata left.")
        else:
            self.begin(kata)

    def hint(self) -> None:
        from dlkata.progress.record import Kind

        ladder = [hint.text for hint in self.view.kata.solution.hints]
        rung = min(len(self.view.hints) + 1, len(ladder))
        self.view.hints = ladder[:rung]
        self.app.remember(Kind.HINTED, self.view.kata, rung=rung)

    def edit(self) -> None:
        assert self.stage is not None
        try:
            with self.stage.left(), self.keyboard.lent():
                open_in_editor(self.app.settings.get("editor"), self.view.file)
        except DlkataError as error:
            self.view.message = f"{error.message} {error.remedy}"

    def list(self) -> None:
        from dlkata.ui.listing import listing
        from dlkata.ui.scroll import Scroll

        assert self.stage is not None
        self.app.__dict__.pop("standing", None)
        size, scroll = (0, 0), Scroll([], 0)
        while True:
            if size != self.stage.size:  # the window may change meanwhile
                size = width, height = self.stage.size
                lines = listing(self.app.standing, self.app.library.topics, self.app.library.katas, width)
                scroll = Scroll(lines, height, scroll.top)
            self.stage.show(scroll.frame())
            key = self.keyboard.key()
            if key and not scroll.press(key):
                return
            if not key:
                select_pause()

    def ask_reset(self) -> None:
        self.view.question = _("Start this kata afresh? Your attempt is kept as a numbered copy.")

    def reset(self) -> None:
        start_afresh(self.app, self.view.kata)
        self.begin(self.view.kata)


def select_pause() -> None:
    """A pause that a key ends."""
    import select

    select.select([sys.stdin] if sys.stdin.isatty() else [], [], [], PAUSE)
