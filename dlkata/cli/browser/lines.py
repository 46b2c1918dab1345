"""Lines that are drawn one by one, as many as are in sight: a list of 20,000 costs what a list of forty does."""

from collections.abc import Callable, Sequence

from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dlkata.progress.remarks import Remark
from dlkata.study.catalogue import Entry
from dlkata.ui.catalogue import row
from dlkata.ui.screen import WIDEST

HIGHLIGHT = Style(reverse=True)
MARGIN = 1  # cells that stay free before the scroll bar


class Lines(ScrollView, can_focus=True):
    """A text to read, laid out for the width there is."""

    DEFAULT_CSS = "Lines { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }"

    def __init__(self, page: Callable[[int], list[Text]] | None = None, **more):
        super().__init__(**more)
        self.page = page
        self.lines: list[Text] = []

    def show(self, page: Callable[[int], list[Text]] | None) -> None:
        """Another text, from its top."""
        self.page = page
        self.scroll_to(y=0, animate=False)
        self.lay_out()

    def on_resize(self) -> None:
        self.lay_out()

    def lay_out(self) -> None:
        width = self.scrollable_content_region.width - MARGIN
        self.lines = self.page(max(20, min(width, WIDEST))) if self.page is not None and width > 0 else []
        self.virtual_size = Size(max(0, width), len(self.lines))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        line = self.lines[number] if number < len(self.lines) else Text()
        return self.strip(line)

    def strip(self, line: Text) -> Strip:
        """A row in the widget's own style: where colours are off, Textual wants every piece to have one."""
        strip = Strip(line.render(self.app.console)).adjust_cell_length(self.size.width)
        return strip.apply_style(self.rich_style)


class Rows(Lines):
    """The list of everything that fits, one row highlighted."""

    class Moved(Message):
        """Another row is highlighted."""

    class Opened(Message):
        """The highlighted row is to be opened."""

    def __init__(self, remark: Callable[[Entry], Remark], **more):
        super().__init__(**more)
        self.remark = remark
        self.found: Sequence[Entry] = []
        self.at = 0

    @property
    def entry(self) -> Entry | None:
        return self.found[self.at] if self.at < len(self.found) else None

    def fill(self, found: Sequence[Entry], at: int = 0) -> None:
        self.found = found
        self.lay_out()
        self.move_to(at)

    def lay_out(self) -> None:
        self.virtual_size = Size(max(0, self.size.width - MARGIN), len(self.found))
        self.refresh()

    def move_to(self, at: int) -> None:
        self.at = max(0, min(at, len(self.found) - 1))
        room = max(1, self.size.height)
        top = round(self.scroll_y)
        if not top <= self.at < top + room:
            self.scroll_to(y=self.at if self.at < top else self.at - room + 1, animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved())

    def move(self, rows: int) -> None:
        self.move_to(self.at + rows)

    def page_by(self, direction: int) -> None:
        self.move(direction * max(1, self.size.height - 1))

    def render_line(self, y: int) -> Strip:
        number = y + self.scroll_offset.y
        if number >= len(self.found):
            return self.strip(Text())
        entry = self.found[number]
        width = max(20, self.scrollable_content_region.width - MARGIN)
        strip = self.strip(row(entry, self.remark(entry), width))
        return strip.apply_style(HIGHLIGHT) if number == self.at else strip

    def on_click(self, event: events.Click) -> None:
        number = event.y + self.scroll_offset.y
        if number >= len(self.found):
            return
        again = number == self.at
        self.move_to(number)
        if again:
            self.post_message(self.Opened())
