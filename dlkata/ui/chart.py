"""Small charts made of characters."""

from collections.abc import Sequence
from math import isfinite, log10
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from dlkata.locale import _
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

LEVELS = "▁▂▃▄▅▆▇█"
WIDEST = 50
FULL = "⣿"  # braille: one cell everywhere
MOST_LABEL, VALUE_ROOM = 30, 14  # cells


def curves(mine: Sequence[float], reference: Sequence[float]) -> list[str]:
    """Loss curves on one scale, a row each."""
    finite = [x for x in [*mine, *reference] if isfinite(x)]
    if len(mine) < 2 or not finite:
        return []
    low, high = min(finite), max(finite)
    labels = [(_("your loss"), mine), (_("reference"), reference)]
    rows = [(label, curve) for label, curve in labels if len(curve) > 1]
    return [f"  {sparkline(curve, low, high)}  {label} {_ends(curve)}" for label, curve in rows]


def sparkline(values: Sequence[float], low: float, high: float) -> str:
    if len(values) > WIDEST:
        values = [values[i * len(values) // WIDEST] for i in range(WIDEST)]
    span = (high - low) or 1.0
    return "".join(
        LEVELS[round((x - low) / span * (len(LEVELS) - 1))] if isfinite(x) else "!" for x in values
    )


def _ends(values: Sequence[float]) -> str:
    return f"{values[0]:.3g} → {values[-1]:.3g}"


def unsure(text: str) -> bool:
    """Whether a terminal may show some character in one cell or in two: nothing is aligned to its right."""
    return any(east_asian_width(character) == "A" for character in text)


def bars(
    labelled: Sequence[tuple[str, float]], width: int, *, unit: str = "", log: bool = False, ascii_only: bool = False
) -> list["Text"]:  # fmt: skip
    """A bar for each value; beside its label where all labels are narrow and of sure width, else below it."""
    from rich.cells import cell_len
    from rich.text import Text

    beside = max(cell_len(label) for label, _value in labelled) + 4
    below = beside > MOST_LABEL or any(unsure(label) for label, _value in labelled)
    room = min(WIDEST, width - (2 if below else beside) - VALUE_ROOM)
    lines = [Text("  " + _("(log scale)"), style="dim")] if log else []
    full = "#" if ascii_only else FULL
    for (label, value), share in zip(labelled, _shares([v for _l, v in labelled], log), strict=True):
        size = 0 if share is None else max(1 if value else 0, round(share * room))
        number = f"{value:.4g}" + (f" {unit}" if unit else "")
        bar = Text.assemble((full * size, "red" if value < 0 else "cyan"), " " if size else "", number)
        if below:
            lines += [Text("  ").append_text(row) for row in wrap(Text(label), width - 2)]
            lines.append(Text("    ").append_text(bar))
        else:
            lines.append(Text("  " + label + " " * (beside - 2 - cell_len(label))).append_text(bar))
    return lines


def _shares(values: Sequence[float], log: bool) -> list[float | None]:
    """How long each bar is, the longest 1; None for what cannot be drawn."""
    sizes = [abs(v) if isfinite(v) and (v or not log) else None for v in values]
    there = [size for size in sizes if size is not None]
    if not there or not max(there):
        return [None if size is None else 0.0 for size in sizes]
    if not log:
        return [None if size is None else size / max(there) for size in sizes]
    low = log10(min(there)) - 0.5
    return [None if size is None else (log10(size) - low) / (log10(max(there)) - low) for size in sizes]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list["Text"]:
    """Columns where every cell's width is sure."""
    from rich.text import Text

    from dlkata.ui.table import entries
    from dlkata.ui.table import table as side_by_side

    head, *cells = [[Text(cell) for cell in row] for row in (columns, *rows)]
    if any(unsure(cell) for row in (columns, *rows) for cell in row[:-1]):
        return entries(head, cells, width)
    return side_by_side(head, cells, width)
