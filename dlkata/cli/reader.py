"""Lines from whoever answers: a terminal, or a pipe that ends."""

import shutil
import sys
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dlkata.ui.screen import console, interactive, speaks_ascii

if TYPE_CHECKING:
    from dlkata.ui.choosing import Choosing
    from dlkata.ui.keyboard import Keyboard

UP, CLEAR_LINE, CLEAR_BELOW = "\x1b[{rows}A", "\x1b[K", "\x1b[J"


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

    def line(self, prompt: str = "> ") -> str | None:
        """The next line without its end, or None where there is none any more."""
        if self.terminal and not self.quiet:
            _make_editable()
            try:
                return input(prompt)
            except EOFError:
                click.echo()
                return None
        try:
            typed = sys.stdin.readline()
        except (UnicodeDecodeError, ValueError):
            return ""  # bytes that are no text: asked again
        if not self.quiet and typed:
            click.echo(prompt + typed.rstrip("\n"))  # a transcript shows what was answered
        return typed.rstrip("\r\n") if typed else None

    def choose(self, choosing: "Choosing") -> str | None:
        """What was typed or taken of what is shown; None where the input ends. Only where `chooses`."""
        from dlkata.ui.keyboard import Keyboard

        with Keyboard() as keyboard:
            return _chosen(choosing, keyboard)


def _make_editable() -> None:
    """Once readline is imported, `input` lets one move and correct; answers of before are not offered again."""
    try:
        import readline
    except ImportError:
        return
    readline.set_auto_history(False)


def _chosen(choosing: "Choosing", keyboard: "Keyboard") -> str | None:
    drawn = _draw(choosing, None, keyboard.held)
    while True:
        key = keyboard.wait()
        ended = key == "end of input" and not choosing.typed
        line = None if ended else choosing.press(key)
        drawn = _draw(choosing, drawn, keyboard.held)
        if ended or line is not None:
            click.echo()
            return line


@dataclass(frozen=True)
class Drawn:
    rows: int
    window: tuple[int, int]
    held: int  # how often the terminal was taken: after a pause other things stand there


def _draw(choosing: "Choosing", before: Drawn | None, held: int) -> Drawn:
    """Draws over what was drawn before, in one write. Where the window changed meanwhile or is too low, what stood
    there cannot be found again: it is drawn anew below, or the line alone is."""
    from rich.cells import cell_len

    columns, height = window = shutil.get_terminal_size()
    screen = console()
    rows = choosing.rows(screen.width)
    now = Drawn(sum(max(1, -(-cell_len(row.plain) // columns)) for row in rows), window, held)
    start = "" if before is None else "\r\n"
    if before is not None and (before.window, before.held) == (window, held):
        fits = max(now.rows, before.rows) < height
        rows = rows if fits else rows[-1:]
        start = "\r" + (UP.format(rows=before.rows - 1) if fits else "")
    with screen.capture() as captured:
        for row in rows:
            screen.print(row, soft_wrap=True)
    text = captured.get().removesuffix("\n").replace("\n", f"{CLEAR_LINE}\r\n")
    screen.file.write(f"{start}{text}{CLEAR_LINE}{CLEAR_BELOW}")
    screen.file.flush()
    return now


def plainly(typed: str) -> str:
    """A short answer without what an input method adds: full-width letters, capitals, spaces, curly quotes."""
    return unicodedata.normalize("NFKC", typed).strip().lower().replace("’", "'")
