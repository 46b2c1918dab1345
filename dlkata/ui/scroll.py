"""A window on lines that are more than the screen holds, moved by keys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlkata.locale import _

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.ui.keyboard import Keyboard
    from dlkata.ui.stage import Stage

Note = Callable[[], str | None]
LEAVING = ("q", "escape", "end of input")
GLANCE = 0.5  # seconds between two looks at the size of the window


@dataclass
class Scroll:
    lines: Sequence["Text"]
    height: int  # of the screen; the last row says where one is
    top: int = 0
    note: str = ""  # said in the last row, before all else

    def __post_init__(self) -> None:
        self.room = max(1, self.height - 2)
        self._move(0)

    def _move(self, rows: int) -> None:
        self.top = max(0, min(self.top + rows, len(self.lines) - self.room))

    @property
    def at_end(self) -> bool:
        return self.top + self.room >= len(self.lines)

    def press(self, key: str) -> None:
        page = max(1, self.room - 2)
        ways = {
            "up": -1, "k": -1, "down": 1, "j": 1, "enter": 1, "page up": -page, "b": -page, "page down": page,
            " ": page, "home": -len(self.lines), "g": -len(self.lines), "end": len(self.lines), "G": len(self.lines),
        }  # fmt: skip
        self._move(ways.get(key, 0))

    def frame(self) -> list["Text"]:
        from rich.text import Text

        shown = list(self.lines[self.top : self.top + self.room])
        shown += [Text()] * (self.room - len(shown))
        place = f"{self.top + 1}–{min(self.top + self.room, len(self.lines))}/{len(self.lines)}"
        if self.at_end:
            keys = _("{place} · end · ↑ ↓ scroll · space or q: go on", place=place)
        else:
            keys = _("{place} · space: next page · ↑ ↓ scroll · q: go on", place=place)
        note = (f"{self.note} · " if self.note else "", "bold")
        return [*shown, Text(), Text.assemble(note, (keys, "dim"))]


def scroll_on(
    stage: "Stage", keyboard: "Keyboard", page: "Callable[[int], list[Text]]", note: Note | None = None
) -> None:
    """Shows what `page` lays out for the window's width until the reader goes on, or `note` has nothing more to say."""
    size, scroll = (0, 0), Scroll([], 0)
    while True:
        if size != stage.size:  # the window may change meanwhile
            size = width, height = stage.size
            scroll = Scroll(page(width), height, scroll.top)
        if note is not None:
            if (said := note()) is None:
                return
            scroll.note = said
        stage.show(scroll.frame())
        key = keyboard.wait(GLANCE)
        if key.lower() in LEAVING or (scroll.at_end and key in (" ", "enter")):
            return
        scroll.press(key)
