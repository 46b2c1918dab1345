"""A line that is written while something else on the screen goes on: with a cursor, on as many rows as it needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlkata.ui.choosing import CLEAR, PROMPT

if TYPE_CHECKING:
    from rich.text import Text


@dataclass
class Writing:
    """`footer` are the rows above it: what can be typed."""

    footer: Sequence["Text"]
    prompt: Callable[[], str] = lambda: PROMPT
    typed: str = ""
    at: int = 0  # how many characters stand before the cursor

    def press(self, key: str) -> str | None:
        """The line, once it is complete."""
        if key == "enter":
            return self.typed
        before, after = self.typed[: self.at], self.typed[self.at :]
        if key == "backspace":
            self._stands(before[:-1], after)
        elif key == "delete":
            self._stands(before, after[1:])
        elif key == CLEAR:
            self._stands("", after)
        elif key in ("left", "right", "home", "end"):
            places = {"left": self.at - 1, "right": self.at + 1, "home": 0, "end": len(self.typed)}
            self.at = max(0, min(places[key], len(self.typed)))
        elif len(key) == 1 and key.isprintable():
            self._stands(before + key, after)
        return None

    def _stands(self, before: str, after: str) -> None:
        self.typed, self.at = before + after, len(before)

    def rows(self, width: int) -> list["Text"]:
        from rich.text import Text

        return [*self.footer, *(Text(row) for row in broken_at(self.prompt() + self.typed, width))]

    def cursor(self, width: int) -> tuple[int, int]:
        """How many rows the cursor stands above the last one, and in which column."""
        from rich.cells import cell_len

        prompt = self.prompt()
        before = broken_at(prompt + self.typed[: self.at], width)
        below = len(broken_at(prompt + self.typed, width)) - len(before)
        return below, cell_len(before[-1])


def broken_at(text: str, width: int) -> list[str]:
    """Rows of less than `width` cells: beyond the last column a terminal would break again."""
    from rich.cells import cell_len

    rows = [""]
    for character in text:
        if cell_len(rows[-1] + character) >= width:
            rows.append("")
        rows[-1] += character
    return rows
