"""A kata's statement on the screen."""

from pathlib import Path
from typing import TYPE_CHECKING

from dlkata.content.kata import Kata
from dlkata.content.page import Section
from dlkata.locale import _
from dlkata.ui.page import layout
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

STRONG, QUIET, COMMAND = "bold", "dim", "cyan"


def section(page: Section, width: int) -> list["Text"]:
    from rich.text import Text

    return [Text(page.title, style=STRONG), Text(), *layout(page.body, width)]


def statement(kata: Kata, file: Path, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    facts = _("level {level} · {minutes} min", level=kata.head.level, minutes=kata.head.minutes)
    lines = [
        Text.assemble((kata.title, STRONG), f" · {facts}"),
        Text(),
        *layout(kata.section.body, width),
        Text(),
    ]
    house = _("Every kata also keeps to the house contract: {command}", command=f"{run} kata --contract")
    for row in wrap(Text(house), width):
        row.stylize(QUIET)
        lines.append(row)
    lines += [Text(), Text.assemble(_("Your file: "), (str(file), COMMAND))]
    name = kata.typed
    lines.append(Text.assemble(_("When you are ready: "), (f"{run} check {name}", COMMAND)))
    return lines
