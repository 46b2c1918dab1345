"""A list on the whole screen out of which one entry is taken with keys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlkata.locale import _
from dlkata.ui.scroll import GLANCE, LEAVING

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.ui.keyboard import Keyboard
    from dlkata.ui.stage import Stage


@dataclass
class Picking:
    count: int
    at: int  # the entry that Enter takes
    height: int  # of the screen; the last two rows say what the keys do
    top: int = 0

    def __post_init__(self) -> None:
        self.room = max(1, self.height - 2)
        self.move(0)

    def move(self, rows: int) -> None:
        self.at = max(0, min(self.at + rows, self.count - 1))
        self.top = max(0, min(max(self.top, self.at - self.room + 1), self.at, self.count - 1))

    def press(self, key: str) -> None:
        page = max(1, self.room - 1)
        ways = {
            "up": -1, "k": -1, "down": 1, "j": 1, "page up": -page, "b": -page, "page down": page, " ": page,
            "home": -self.count, "g": -self.count, "end": self.count, "G": self.count,
        }  # fmt: skip
        self.move(ways.get(key, 0))

    def frame(self, entries: "Sequence[Callable[[int], Text]]", width: int) -> list["Text"]:
        from rich.text import Text

        shown = []
        for number in range(self.top, min(self.top + self.room, self.count)):
            line = entries[number](width)
            if number == self.at:
                line.pad_right(max(0, width - line.cell_len))
                line.stylize("reverse")
            shown.append(line)
        shown += [Text()] * (self.room - len(shown))
        place = f"{self.at + 1}/{self.count}"
        return [
            *shown,
            Text(),
            Text(_("{place} · ↑ ↓ · Enter: go there · Esc: back", place=place), style="dim"),
        ]


def pick(
    stage: "Stage", keyboard: "Keyboard", entries: "Sequence[Callable[[int], Text]]", at: int
) -> int | None:
    """The number of the entry that was taken; None where one went back. Each entry is a row for a width."""
    size, picking = (0, 0), Picking(len(entries), at, 0)
    while entries:
        if size != stage.size:  # the window may change meanwhile
            size = width, height = stage.size
            picking = Picking(len(entries), picking.at, height)
        stage.show(picking.frame(entries, width))
        key = keyboard.wait(GLANCE)
        if key.lower() in (*LEAVING, "l"):
            return None
        if key == "enter":
            return picking.at
        picking.press(key)
    return None
