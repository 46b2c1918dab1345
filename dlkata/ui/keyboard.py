"""Single keys from a terminal, without echo; the terminal is itself again afterwards."""

import codecs
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

ESCAPE = "\x1b"
NAMES = {
    ESCAPE: "escape", "\n": "enter", "\r": "enter", "\x7f": "backspace", "\x08": "backspace", "\x04": "end of input",
    "[A": "up", "[B": "down", "[C": "right", "[D": "left", "[5~": "page up", "[6~": "page down", "[3~": "delete",
    "[H": "home", "[F": "end", "[1~": "home", "[4~": "end", "OA": "up", "OB": "down", "OC": "right", "OD": "left", "OH": "home", "OF": "end",
}  # fmt: skip
BETWEEN = 0.05  # seconds in which the rest of an arrow's sequence follows its escape


class Keyboard:
    """Key by key where standard input is a terminal; silent where it isn't."""

    def __init__(self) -> None:
        self.there = sys.stdin.isatty()
        self.held = 0  # how often the terminal was taken
        self._saved = termios.tcgetattr(sys.stdin) if self.there else None

    def __enter__(self) -> "Keyboard":
        if self.there:
            self._hold()
            self._former = signal.signal(signal.SIGCONT, self._hold)  # back from the background
        return self

    def _hold(self, *_signal: object) -> None:
        self.held += 1
        tty.setcbreak(sys.stdin, termios.TCSADRAIN)  # what was typed ahead is kept

    def __exit__(self, *_error: object) -> None:
        if self._saved is not None:
            signal.signal(signal.SIGCONT, self._former)
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
        """The key that was pressed: a character, a name such as "up", or "" where none was, or none of ours."""
        return self.wait(0).lower()

    def wait(self, seconds: float | None = None) -> str:
        """The same, once there is one. Bytes are taken one at a time: the rest belongs to whoever reads next."""
        if not self.there or not self._ready(seconds):
            return ""
        pressed = self._character()
        if pressed == ESCAPE:
            return NAMES.get(self._sequence() or ESCAPE, "")
        return NAMES.get(pressed, pressed)

    def pause(self, seconds: float) -> None:
        """A pause that a key ends."""
        select.select([sys.stdin] if self.there else [], [], [], seconds)

    def _ready(self, seconds: float | None) -> bool:
        return bool(select.select([sys.stdin], [], [], seconds)[0])

    def _character(self) -> str:
        """One character, of as many bytes as it has; the end of input where the terminal is gone."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        while byte := os.read(sys.stdin.fileno(), 1):
            if text := decoder.decode(byte):
                return text
            if byte[0] < 0x80 or not self._ready(BETWEEN):
                return ""
        return "\x04"

    def _sequence(self) -> str:
        """What follows an escape at once: `[A`, `[5~`, `OA`; "" where the escape key itself was pressed."""
        typed = ""
        while self._ready(BETWEEN) and len(typed) < 8:
            typed += self._character()
            if typed[:1] not in "[O" or (len(typed) > 1 and "@" <= typed[-1] <= "~"):
                break
        return typed
