"""The doctor's findings on the screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text


@dataclass(frozen=True)
class Examined:
    what: str
    ok: bool
    found: str
    remedy: str = ""


def findings(results: Sequence[Examined], width: int) -> list["Text"]:
    from rich.text import Text

    lines: list[Text] = []
    for result in results:
        mark = ("✓ ", "green") if result.ok else ("✗ ", "red")
        rows = wrap(Text.assemble((result.what, "bold"), f": {result.found}"), width - 2)
        lines += [Text.assemble(mark if i == 0 else "  ", row) for i, row in enumerate(rows)]
        if result.remedy:
            lines += [Text("    ").append_text(row) for row in wrap(Text(result.remedy), width - 4)]
    return lines
