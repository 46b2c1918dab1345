"""The three marks: ● known, ◐ learning, ○ new. Their width is unsure, so nothing is aligned to the right of one,
unless every line has one at the same place."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dlkata.locale import _
from dlkata.study.headway import FORTNIGHT, Progress
from dlkata.study.mastery import Known, Mark

if TYPE_CHECKING:
    from rich.text import Text

SIGNS = {Mark.KNOWN: "●", Mark.LEARNING: "◐", Mark.NEW: "○"}
STYLES = {Mark.KNOWN: "green", Mark.LEARNING: "yellow", Mark.NEW: "dim"}


def sign(mark: Mark) -> "Text":
    from rich.text import Text

    return Text(SIGNS[mark], style=STYLES[mark])


def word(mark: Mark) -> str:
    return {Mark.KNOWN: _("known"), Mark.LEARNING: _("learning"), Mark.NEW: _("new")}[mark]


def legend() -> str:
    """What the marks mean, on one line."""
    return "  ".join(f"{SIGNS[mark]} {word(mark)}" for mark in (Mark.KNOWN, Mark.LEARNING, Mark.NEW))


def progress_line(progress: Progress) -> "Text":
    """How many concepts have which mark, and on how many of the last days something was done: no streak to break."""
    from rich.text import Text

    line = Text()
    for mark in (Mark.KNOWN, Mark.LEARNING, Mark.NEW):
        line.append_text(sign(mark)).append(f" {progress.marks.get(mark, 0)} {word(mark)} · ")
    days = _("practised on {days} of the last {of} days", days=progress.practised, of=FORTNIGHT)
    return line.append(days)


def marks_as_json(marks: Mapping[Mark, int]) -> dict[str, int]:
    return {mark.value: marks.get(mark, 0) for mark in (Mark.KNOWN, Mark.LEARNING, Mark.NEW)}


def standing_line(known: Known) -> "Text":
    """Under the title of a concept."""
    from rich.text import Text

    met = _("{seen} of {of} questions met", seen=known.seen, of=known.of)
    return sign(known.mark) + Text(f" {word(known.mark)} · {met}", style="dim")
