"""A full screen that is redrawn in one write: no flicker, nothing scrolls away, and the shell comes back after."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING

from dlkata.ui.screen import WIDEST, console

if TYPE_CHECKING:
    from rich.text import Text

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
HOME, COLUMN, CLEAR_LINE, CLEAR_BELOW = "\x1b[H", "\x1b[{}G", "\x1b[K", "\x1b[J"


class Stage:
    def __init__(self) -> None:
        self.shown = ""

    @property
    def size(self) -> tuple[int, int]:
        columns, rows = shutil.get_terminal_size()
        return max(20, min(columns, WIDEST)), max(6, rows)

    @property
    def columns(self) -> int:
        """How wide the window is: two texts may stand side by side."""
        return shutil.get_terminal_size().columns

    def __enter__(self) -> "Stage":
        sys.stdout.write(ENTER)
        sys.stdout.flush()
        return self

    def __exit__(self, *_error: object) -> None:
        sys.stdout.write(LEAVE)
        sys.stdout.flush()

    @contextmanager
    def left(self) -> Iterator[None]:
        """The ordinary screen meanwhile, for an editor."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()
            self.shown = ""

    def show(self, lines: Sequence["Text"], beside: Sequence["Text"] = (), column: int = 0) -> None:
        """Draws the lines, and those `beside` them from a column on; nothing is written when they stand there
        already. The terminal is told the column: left of it may stand characters of unsure width."""
        left, right = _drawn(lines), _drawn(beside)
        rows = [
            f"{one}{CLEAR_LINE}" + (f"{COLUMN.format(column + 1)}{other}" if other else "")
            for one, other in zip_longest(left, right, fillvalue="")
        ]
        text = "\n".join(rows)
        if text != self.shown:
            self.shown = text
            sys.stdout.write(HOME + text + CLEAR_BELOW)  # no line end: on the last row it would scroll
            sys.stdout.flush()


def _drawn(lines: Sequence["Text"]) -> list[str]:
    screen = console()
    with screen.capture() as captured:
        for line in lines:
            screen.print(line, soft_wrap=True)
    return captured.get().rstrip("\n").split("\n")
