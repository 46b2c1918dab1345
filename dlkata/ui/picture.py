"""A matrix as a picture: shades of a cell, darkest for the largest."""

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

# Braille fills a cell evenly and is one cell wide everywhere; block shades are of ambiguous width.
SHADES = " ⠂⠒⠖⠶⡶⣶⣷⣿"
PLAIN = " .:-=+*#@"
ROW_LABEL = 18  # cells
NOTHING = "?"


def picture(
    values: Sequence[Sequence[float | None]], rows: Sequence[str], columns: Sequence[str], *,
    low: float | None = None, high: float | None = None, ascii_only: bool = False,
) -> list["Text"]:  # fmt: skip
    """Two cells an entry where they fit, so that a square looks square; a scale below."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    from dlkata.ui.plot import short

    shades = PLAIN if ascii_only else SHADES
    finite = [v for row in values for v in row if v is not None and isfinite(v)] or [0.0]
    low = min(finite) if low is None else low
    high = max(finite) if high is None else high
    times = 2 if len(values[0]) <= 24 else 1
    beside = min(ROW_LABEL, max((cell_len(label) for label in rows), default=0))
    lines = _heads(columns, beside, times)
    for number, row in enumerate(values):
        label = set_cell_size(rows[number], beside) if rows else ""
        cells = "".join(_shade(value, low, high, shades) * times for value in row)
        lines.append(Text.assemble("  ", label, " " if rows else "", "|", (cells, "cyan"), "|"))
    span = f"{short(low)} |{''.join(shade * 2 for shade in shades)}| {short(high)}"
    lines.append(Text("  " + " " * (beside + bool(rows)) + span, style="dim"))
    return lines


def _shade(value: float | None, low: float, high: float, shades: str) -> str:
    if value is None or not isfinite(value):
        return NOTHING
    share = 0.0 if high == low else (value - low) / (high - low)
    return shades[round(min(1.0, max(0.0, share)) * (len(shades) - 1))]


def _heads(columns: Sequence[str], beside: int, times: int) -> list["Text"]:
    """The labels of the columns: above them where each fits, else in the order of the columns, in a line."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    if not columns:
        return []
    margin = " " * (3 + beside + bool(beside))
    fits = all(cell_len(label) <= times for label in columns)
    text = "".join(set_cell_size(label, times) for label in columns) if fits else " ".join(columns)
    return [Text((margin + text).rstrip(), style="dim")]
