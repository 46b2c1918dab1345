"""Options that are walked through with the arrow keys, and the line below them on which one may type instead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

PROMPT, HERE = "> ", "▸"
CLEAR = "\x15"  # Ctrl-U


@dataclass
class Choosing:
    """`options` are the rows of each, beginning with two blanks; `several` can be marked, else Enter takes one."""

    options: Sequence[Sequence["Text"]]
    letters: str
    footer: Sequence["Text"]
    several: bool = False
    typed: str = ""
    at: int | None = None  # which option is highlighted
    prompt: Callable[[], str] = lambda: PROMPT

    def press(self, key: str) -> str | None:
        """The line, once it is complete."""
        if key == "enter":
            if not self.typed.strip() and self.at is not None:
                self.typed = self.letters[self.at]
            return self.typed
        if key in ("up", "down"):
            self._move(1 if key == "down" else -1)
        elif key == "escape":
            self.at = None
        elif key == " " and self.several and self.at is not None:
            self._mark(self.letters[self.at])
        elif key == "backspace":
            self._type(self.typed[:-1])
        elif key == CLEAR:
            self._type("")
        elif len(key) == 1 and key.isprintable():
            self._type(self.typed + key)
        return None

    def _move(self, step: int) -> None:
        first = 0 if step > 0 else len(self.letters) - 1
        self.at = first if self.at is None else (self.at + step) % len(self.letters)
        if not self.several:
            self.typed = ""

    def _mark(self, letter: str) -> None:
        """Marks the option, or takes the mark away; in the order in which they are marked."""
        marked = [part for part in self.typed.split() if part in self.letters]
        self.typed = " ".join([m for m in marked if m != letter] if letter in marked else [*marked, letter])

    def _type(self, text: str) -> None:
        """Who types has left the arrows: a blank is a blank again, and a letter highlights its option."""
        self.typed = text
        letter = text.strip().lower()
        found = not self.several and len(letter) == 1 and letter in self.letters
        self.at = self.letters.index(letter) if found else None

    def rows(self, width: int) -> list["Text"]:
        """All of it; the last row is the one on which one types."""
        from rich.text import Text

        shown = [row for n, option in enumerate(self.options) for row in self._option(option, n == self.at)]
        return [*shown, Text(), *self.footer, self.line(width)]

    def _option(self, rows: Sequence["Text"], here: bool) -> list["Text"]:
        from rich.text import Text

        if not here:
            return list(rows)
        first = Text.assemble((HERE, "bold"), rows[0][1:])
        return [Text.assemble(row, style="bold") for row in (first, *rows[1:])]

    def line(self, width: int) -> "Text":
        """The end of what was typed, if it is long."""
        from rich.cells import cell_len
        from rich.text import Text

        prompt = self.prompt()
        if not self.typed and self.at is not None:
            return Text.assemble(prompt, (self.letters[self.at], "dim"))  # what Enter takes
        typed = self.typed
        while cell_len(prompt + typed) >= width:
            typed = typed[1:]
        return Text(prompt + typed)

    def cursor(self, width: int) -> tuple[int, int]:
        """It stands at the end of the last row."""
        from rich.cells import cell_len

        return 0, cell_len(self.line(width).plain)
