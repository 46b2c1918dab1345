"""A window on lines that are more than the screen holds, moved by keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlkata.locale import _

if TYPE_CHECKING:
    from rich.text import Text


@dataclass
class Scroll:
    lines: Sequence["Text"]
    height: int  # of the screen; the last row says where one is
    top: int = 0

    def __post_init__(self) -> None:
        self.room = max(1, self.height - 2)
        self._move(0)

    def _move(self, rows: int) -> None:
        self.top = max(0, min(self.top + rows, len(self.lines) - self.room))

    def press(self, key: str) -> bool:
        """Moves; False for a key that means none of the ways."""
        page = max(1, self.room - 2)
        ways = {
            "up": -1, "k": -1, "down": 1, "j": 1, "enter": 1, "page up": -page, "b": -page, "page down": page,
            " ": page, "home": -len(self.lines), "g": -len(self.lines), "end": len(self.lines),
        }  # fmt: skip
        if key not in ways:
            return False
        self._move(ways[key])
        return True

    def frame(self) -> list["Text"]:
        from rich.text import Text

        shown = list(self.lines[self.top : self.top + self.room])
        if len(self.lines) <= self.room:
            return [*shown, Text(), Text(_("any key: back"), style="dim")]
        place = f"{self.top + 1}–{self.top + len(shown)}/{len(self.lines)}"
        return [*shown, Text(), Text(_("{place} · ↑ ↓ scroll · q back", place=place), style="dim")]
