"""Curves in a box of characters: braille lines, a letter for each series, so that colour is never needed.

The axes are ASCII: box-drawing characters are of unsure width, and the plot stands to their right.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

ROWS, MOST_COLUMNS = 12, 60
LABEL = 9  # cells of the numbers beside the vertical axis
VERTICAL_TICKS, HORIZONTAL_TICKS = 4, 6
LETTERS = "ABCD"
STYLES = ("cyan", "yellow", "magenta", "green")
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # of a braille cell, by column and row
BLANK = 0x2800
MARKS = 4  # letters on each curve
FEW = 16  # points: so many were measured one by one, and each is marked
NEAR = 1e-9

Points = Sequence[float | None]


class Axis:
    """Where a value lies between 0 and 1."""

    def __init__(self, values: Sequence[float], log: bool):
        self.log = log
        usable = [v for v in values if isfinite(v) and (v > 0 or not log)] or [1.0]
        self.low, self.high = self._scaled(min(usable)), self._scaled(max(usable))
        if self.low == self.high:
            pad = abs(self.low) * 0.1 or 1.0
            self.low, self.high = self.low - pad, self.high + pad

    def _scaled(self, value: float) -> float:
        return log10(value) if self.log else value

    def place(self, value: float | None) -> float | None:
        if value is None or not isfinite(value) or (self.log and value <= 0):
            return None
        return (self._scaled(value) - self.low) / (self.high - self.low)

    def ticks(self, most: int) -> list[float]:
        """Round numbers that lie on the axis, at most so many if there are two of them."""
        span = self.high - self.low
        if self.log and span >= 1:
            powers = range(ceil(self.low - NEAR), floor(self.high + NEAR) + 1, max(1, ceil(span / most)))
            return [10.0**power for power in powers]
        low, high = (10**self.low, 10**self.high) if self.log else (self.low, self.high)
        rough = (high - low) / most
        size = 10.0 ** floor(log10(rough))
        for step in (size, 2 * size, 5 * size, 10 * size):
            first, last = ceil(low / step - NEAR), floor(high / step + NEAR)
            if last - first < most:
                break
        return [round(number * step, 12) for number in range(first, last + 1)]


def plot(
    x: Sequence[float], series: Sequence[tuple[str, Points]], width: int, *, log_x: bool = False,
    log_y: bool = False, ascii_only: bool = False,
) -> list["Text"]:  # fmt: skip
    """The box with its numbers; the legend is the caller's."""
    from rich.text import Text

    columns = max(16, min(MOST_COLUMNS, width - LABEL - 4))
    across = Axis(x, log_x)
    up = Axis([v for _label, points in series for v in points if v is not None], log_y)
    cells = [[" "] * columns for _row in range(ROWS)]
    owners: list[list[int]] = [[-1] * columns for _row in range(ROWS)]
    for number, (_label, points) in enumerate(series):
        placed = [(across.place(a), up.place(b)) for a, b in zip(x, points, strict=False)]
        good = [(a, b) for a, b in placed if a is not None and b is not None]
        for column, row, dot in _dots(placed, columns):
            _put(cells, owners, column, row, dot, number, ascii_only)
        for column, row in _marked(good, columns, number, len(series)):
            cells[row][column], owners[row][column] = LETTERS[number], number
    beside = _beside(up)
    lines = []
    for row in range(ROWS):
        line = Text(f"  {beside.get(row, ''):>{LABEL}} |")
        for character, owner in zip(cells[row], owners[row], strict=True):
            line.append(character, style=STYLES[owner % len(STYLES)] if owner >= 0 else "")
        line.rstrip()
        lines.append(line)
    return [*lines, *_below(across, columns)]


def _beside(up: Axis) -> dict[int, str]:
    """The numbers of the vertical axis, by row."""
    ticks = up.ticks(VERTICAL_TICKS)
    return {round((1 - (up.place(value) or 0.0)) * (ROWS - 1)): short(value) for value in ticks}


def _below(across: Axis, columns: int) -> list["Text"]:
    """The horizontal axis and its numbers, each under its tick."""
    from rich.text import Text

    line, numbers = ["-"] * columns, [" "] * (columns + LABEL)
    free = 0
    for value in across.ticks(HORIZONTAL_TICKS):
        column, text = round((across.place(value) or 0.0) * (columns - 1)), short(value)
        start = max(0, column - len(text) // 2)
        if start < free:
            continue
        line[column] = "+"
        numbers[start : start + len(text)] = text
        free = start + len(text) + 1
    margin = " " * (LABEL + 3)
    return [Text(margin + "+" + "".join(line)), Text((margin + " " + "".join(numbers)).rstrip())]


def _dots(
    placed: Sequence[tuple[float | None, float | None]], columns: int
) -> Iterator[tuple[int, int, int]]:
    """Cell and dot of every point of the lines between neighbours; a gap where a value is missing."""
    wide, high = columns * 2 - 1, ROWS * 4 - 1

    def spots() -> Iterator[tuple[int, int]]:
        for a, b in placed:
            if a is not None and b is not None:
                yield round(a * wide), round((1 - b) * high)
        for (a, b), (c, d) in pairwise(placed):
            if a is None or b is None or c is None or d is None:
                continue
            steps = max(1, round(abs(c - a) * wide), round(abs(d - b) * high))
            for step in range(steps + 1):
                share = step / steps
                yield round((a + (c - a) * share) * wide), round((1 - b - (d - b) * share) * high)

    for across, down in spots():
        yield across // 2, down // 4, DOTS[across % 2][down % 4]


def _put(
    cells: list[list[str]], owners: list[list[int]], column: int, row: int, dot: int, number: int, ascii_only: bool
) -> None:  # fmt: skip
    here = cells[row][column]
    if here in LETTERS and here != " ":
        return
    if ascii_only:
        cells[row][column] = "."
    else:
        before = ord(here) if here != " " else BLANK
        cells[row][column] = chr(before | dot)
    owners[row][column] = number


def _marked(
    good: Sequence[tuple[float, float]], columns: int, number: int, count: int
) -> Iterator[tuple[int, int]]:
    """Where a curve shows its letter: at each of few points, else spread over it, each series at other places."""
    shares = [(mark + (number + 0.5) / count) / MARKS for mark in range(MARKS)]
    spread = [good[min(len(good) - 1, floor(share * len(good)))] for share in shares] if good else []
    for a, b in good if len(good) <= FEW else spread:
        yield min(columns - 1, round(a * (columns * 2 - 1)) // 2), round((1 - b) * (ROWS * 4 - 1)) // 4


def short(value: float) -> str:
    if not isfinite(value):
        return str(value)
    text = f"{value:.3g}"
    if "e" in text and 1 <= abs(value) < 1e5:
        return f"{value:.0f}"
    if "e" in text:
        mantissa, _e, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent)}"
    return text
