"""Charts as SVG: colours and fonts are those of the page, by class, so that light and dark are the page's affair."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

GRID, CELL, GAP = 14, 11, 18  # of the calendar: a cell with its gap, a cell, room for labels


class Bar(NamedTuple):
    label: str
    value: float  # 0 to 1
    said: str
    style: str  # a class


class Square(NamedTuple):
    column: int
    row: int
    style: str
    said: str


def _svg(width: float, height: float, title: str, inner: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img"'
        f' aria-label="{escape(title)}">{inner}</svg>'
    )


def _text(x: float, y: float, text: str, *, style: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" class="{style}">{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, style: str, said: str) -> str:
    title = f"<title>{escape(said)}</title>" if said else ""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="2" class="{style}">{title}</rect>'


def rows(title: str, bars: Sequence[Bar], *, label_room: int = 270, size: int = 260) -> str:
    """A bar a row, its label before it and what is said of it behind it."""
    inner = ""
    for number, bar in enumerate(bars):
        y = 24 * number
        inner += _text(label_room - 10, y + 15, bar.label, anchor="end")
        inner += _box(label_room, y + 4, size, 14, "track", "")
        if bar.value > 0:
            inner += _box(label_room, y + 4, max(3.0, size * bar.value), 14, bar.style, bar.said)
        inner += _text(label_room + size + 10, y + 15, bar.said, style="quiet")
    return _svg(label_room + size + 180, 24 * len(bars), title, inner)


def columns(title: str, bars: Sequence[Bar], *, height: int = 90, step: int = 46) -> str:
    """A bar a column, its label below it and what is said of it above it."""
    inner = ""
    for number, bar in enumerate(bars):
        x, tall = step * number, max(2.0 if bar.value > 0 else 0.5, height * bar.value)
        inner += _box(x + 8, 20 + height - tall, step - 16, tall, bar.style, f"{bar.label}: {bar.said}")
        inner += _text(x + step / 2, 14 + height - tall, bar.said, anchor="middle")
        inner += _text(x + step / 2, height + 36, bar.label, style="quiet", anchor="middle")
    return _svg(step * len(bars), height + 44, title, inner)


def squares(
    title: str, cells: Sequence[Square], row_labels: Sequence[str], months: Sequence[tuple[int, str]]
) -> str:
    """A calendar: a column a week, a row a weekday."""
    left = 44
    inner = "".join(_text(left + GRID * column, 12, name, style="quiet") for column, name in months)
    for number, label in enumerate(row_labels):
        inner += _text(0, GAP + GRID * number + 10, label, style="quiet")
    for cell in cells:
        inner += _box(left + GRID * cell.column, GAP + GRID * cell.row, CELL, CELL, cell.style, cell.said)
    wide = max((cell.column for cell in cells), default=0) + 1
    return _svg(left + GRID * wide + 40, GAP + GRID * 7, title, inner)


def line(title: str, points: Sequence[tuple[str, float]], *, width: int = 600, height: int = 110) -> str:
    """A share, 0 to 1, over time: label and value of each point, the values at its ends said."""
    if len(points) < 2:
        return ""
    step = (width - 80) / (len(points) - 1)
    places = [(30 + step * n, 14 + (height - 40) * (1 - value)) for n, (_label, value) in enumerate(points)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    inner = "".join(
        f'<line x1="30" x2="{width - 50}" y1="{14 + (height - 40) * part:g}" y2="{14 + (height - 40) * part:g}" class="rule"/>'
        + _text(width - 44, 18 + (height - 40) * part, f"{1 - part:.0%}", style="quiet")
        for part in (0, 0.5, 1)
    )
    inner += f'<polyline points="{path}" class="curve"/>'
    for (x, y), (label, value) in zip(places, points, strict=True):
        inner += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="dot"><title>{escape(label)}: {value:.0%}</title></circle>'
    for place, anchor in ((0, "start"), (-1, "end")):
        inner += _text(places[place][0], height - 6, points[place][0], style="quiet", anchor=anchor)
    return _svg(width, height, title, inner)
