"""Lines from whoever answers: a terminal, or a pipe that ends."""

import shutil
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import click

from dlkata.ui.screen import console, interactive, speaks_ascii

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.study.countdown import Countdown
    from dlkata.ui.keyboard import Keyboard

UP, COLUMN, CLEAR_LINE, CLEAR_BELOW = "\x1b[{rows}A", "\x1b[{column}G", "\x1b[K", "\x1b[J"


class TimeUp(Exception):
    """The countdown ended before an answer was given."""


class Entry(Protocol):
    """What is drawn again after each key: options that are walked through, or a line."""

    typed: str

    def press(self, key: str) -> str | None: ...

    def rows(self, width: int) -> "list[Text]": ...

    def cursor(self, width: int) -> tuple[int, int]: ...


class Reader:
    def __init__(self, *, quiet: bool = False):
        self.terminal = sys.stdin is not None and sys.stdin.isatty()
        self.quiet = quiet  # nothing is printed: for --json

    @property
    def chooses(self) -> bool:
        """Whether options can be walked through with the arrow keys."""
        if self.quiet or sys.platform == "win32" or not (self.terminal and interactive()):
            return False
        # Spelt in ASCII a row may grow wider than the window, and could not be drawn over.
        return not console().is_dumb_terminal and not speaks_ascii(sys.stdout)

    def line(self, prompt: str = "> ", countdown: "Countdown | None" = None) -> str | None:
        """The next line without its end, or None where there is none any more."""
        if self.terminal and not self.quiet:
            _make_editable()
            try:
                with _until_the_end(countdown):
                    return input(prompt)
            except EOFError:
                click.echo()
                return None
        try:
            with _until_the_end(countdown):
                typed = sys.stdin.readline()
        except (UnicodeDecodeError, ValueError):
            return ""  # bytes that are no text: asked again
        if not self.quiet and typed:
            click.echo(prompt + typed.rstrip("\n"))  # a transcript shows what was answered
        return typed.rstrip("\r\n") if typed else None

    def choose(
        self, entry: Entry, countdown: "Countdown | None" = None, meanwhile: Callable[[], str | None] | None = None
    ) -> str | None:  # fmt: skip
        """What was typed or taken of what is shown; None where the input ends. Only where `chooses`. It is drawn
        again each second of a countdown; what `meanwhile` says then, if anything, is as good as typed."""
        from dlkata.ui.keyboard import Keyboard

        with Keyboard() as keyboard:
            return _chosen(entry, keyboard, countdown, meanwhile)


@contextmanager
def _until_the_end(countdown: "Countdown | None") -> Iterator[None]:
    """Where a line is read in one piece: an alarm ends it. (Elsewhere than on Unix nothing does.)"""
    main = threading.current_thread() is threading.main_thread()
    if countdown is None or not hasattr(signal, "setitimer") or not main:
        yield
        return

    def ring(*_signal: object) -> None:
        raise TimeUp

    former = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(countdown.left, 1e-3))
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def _make_editable() -> None:
    """Once readline is imported, `input` lets one move and correct; answers of before are not offered again."""
    try:
        import readline
    except ImportError:
        return
    readline.set_auto_history(False)


def _chosen(
    entry: Entry, keyboard: "Keyboard", countdown: "Countdown | None", meanwhile: Callable[[], str | None] | None
) -> str | None:  # fmt: skip
    drawn = _draw(entry, None, keyboard.held)
    while True:
        key = keyboard.wait(None if countdown is None else countdown.changes_in)
        over = countdown is not None and countdown.over
        ended = over or (key == "end of input" and not entry.typed)
        line = None if ended else entry.press(key) if key or meanwhile is None else meanwhile()
        drawn = _draw(entry, drawn, keyboard.held)
        if over or ended or line is not None:
            click.echo("\n" * drawn.below)
        if over:
            raise TimeUp
        if ended or line is not None:
            return line


@dataclass(frozen=True)
class Drawn:
    rows: int
    below: int  # how many of them stand below the cursor
    window: tuple[int, int]
    held: int  # how often the terminal was taken: after a pause other things stand there


def _draw(entry: Entry, before: Drawn | None, held: int) -> Drawn:
    """Draws over what was drawn before, in one write. Where the window changed meanwhile or is too low, what stood
    there cannot be found again: it is drawn anew below, or the line alone is."""
    from rich.cells import cell_len

    columns, height = window = shutil.get_terminal_size()
    screen = console()
    rows = entry.rows(screen.width)
    below, column = entry.cursor(screen.width)
    elsewhere = below or column != cell_len(rows[-1].plain)
    there = (UP.format(rows=below) if below else "") + (COLUMN.format(column=column + 1) if elsewhere else "")
    now = Drawn(sum(max(1, -(-cell_len(row.plain) // columns)) for row in rows), below, window, held)
    start = "" if before is None else "\n" * before.below + "\r\n"
    if before is not None and (before.window, before.held) == (window, held):
        fits = max(now.rows, before.rows) < height
        if not fits:
            rows, there, now = rows[-1:], "", replace(now, below=0)
        above = before.rows - 1 - before.below if fits else 0
        start = "\r" + (UP.format(rows=above) if above else "")
    with screen.capture() as captured:
        for row in rows:
            screen.print(row, soft_wrap=True)
    text = captured.get().removesuffix("\n").replace("\n", f"{CLEAR_LINE}\r\n")
    screen.file.write(f"{start}{text}{CLEAR_LINE}{CLEAR_BELOW}{there}")
    screen.file.flush()
    return now


def plainly(typed: str) -> str:
    """A short answer without what an input method adds: full-width letters, capitals, spaces, curly quotes."""
    return unicodedata.normalize("NFKC", typed).strip().lower().replace("’", "'")
