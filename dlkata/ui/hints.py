"""Hints on the screen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlkata.content.kata import Kata
from dlkata.locale import _
from dlkata.ui.page import layout
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text


def hints(kata: Kata, shown: Sequence[str], rung: int, total: int, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    lines: list[Text] = []
    for number, hint in enumerate(shown, rung - len(shown) + 1):
        heading = _("{title}: hint {number} of {total}", title=kata.title, number=number, total=total)
        lines += [
            *wrap(Text(heading, style="bold"), width),
            *(Text("  ").append_text(r) for r in layout(hint, width - 2)),
        ]
        lines.append(Text())
    name = kata.typed
    if rung < total:
        closing = _("The next one: {command}", command=f"{run} hint {name}")
    else:
        closing = _("That was the last one. The reference: {command}", command=f"{run} solution {name}")
    return lines + [_quiet(row) for row in wrap(Text(closing), width)]


def _quiet(row: "Text") -> "Text":
    row.stylize("dim")
    return row
