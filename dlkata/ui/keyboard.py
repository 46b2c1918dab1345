"""Single keys from a terminal, without echo; the terminal is itself again afterwards."""

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

ESCAPE = "\x1b"


class Keyboard:
    """Key by key where standard input is a terminal; silent where it isn't."""

    def __init__(self) -> None:
        self.there = sys.stdin.isatty()
        self._saved = termios.tcgetattr(sys.stdin) if self.there else None

    def __enter__(self) -> "Keyboard":
        if self.there:
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._saved is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._saved)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """The terminal as it was, for an editor."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    def key(self) -> str:
        """The key that was pressed, or "". An arrow's escape sequence is no key of ours."""
        if not self.there or not select.select([sys.stdin], [], [], 0)[0]:
            return ""
        pressed = os.read(sys.stdin.fileno(), 64).decode("utf-8", errors="ignore")
        return "" if pressed.startswith(ESCAPE) else pressed[:1].lower()
