"""The days of practice as a calendar: a column a week, a row a weekday, higher for more minutes, coloured by how
much was right. Braille is one cell wide everywhere."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from dlkata.locale import _
from dlkata.progress.day import date_of
from dlkata.progress.tallies import Day

if TYPE_CHECKING:
    from rich.text import Text

HEIGHTS, ASCII_HEIGHTS = "⠄⣀⣤⣶⣿", ".:+*#"
MINUTES = (10, 25, 45)  # from which a day stands higher
GOOD, FAIR = 0.85, 0.6  # shares of right answers
FEWEST_WEEKS = 8


def weekday(day: date) -> str:
    names = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
    return names[day.weekday()]


def month(day: date) -> str:
    names = [_("Jan"), _("Feb"), _("Mar"), _("Apr"), _("May"), _("Jun"), _("Jul"), _("Aug"), _("Sep"), _("Oct"),
             _("Nov"), _("Dec")]  # fmt: skip
    return names[day.month - 1]


def height(day: Day | None) -> int:
    """0 for a day without practice, to 4."""
    return 0 if day is None or not day.practised else 1 + sum(day.minutes >= least for least in MINUTES)


def shade(day: Day | None) -> str:
    """Good, fair or poor by the share of right answers; plain where nothing was answered."""
    if day is None or not day.answered:
        return "plain" if day is not None and day.practised else "none"
    share = day.right / day.answered
    return "good" if share >= GOOD else "fair" if share >= FAIR else "poor"


STYLES = {"good": "green", "fair": "yellow", "poor": "red", "plain": "cyan", "none": "dim"}


def weeks(today: int, days: Mapping[int, Day], most: int) -> list[date]:
    """The Mondays of the weeks that are shown."""
    first = min(days, default=today)
    monday = date_of(today) - timedelta(days=date_of(today).weekday())
    behind = (monday - date_of(first)).days // 7 + 2
    count = max(FEWEST_WEEKS, min(most, behind))
    return [monday - timedelta(weeks=count - 1 - number) for number in range(count)]


def calendar(today: int, days: Mapping[int, Day], width: int, *, ascii_only: bool = False) -> list["Text"]:
    from rich.cells import cell_len
    from rich.text import Text

    heights = ASCII_HEIGHTS if ascii_only else HEIGHTS
    last = date_of(today)
    margin = max(cell_len(weekday(last + timedelta(days=n))) for n in range(7)) + 4
    shown = weeks(today, days, (width - margin) // 2)
    lines = [Text(" " * margin + _months(shown), style="dim")]
    for number in range(7):
        label = weekday(shown[0] + timedelta(days=number))
        line = Text("  " + label + " " * (margin - 2 - cell_len(label)), style="dim")
        for monday in shown:
            here = monday + timedelta(days=number)
            if here > last:
                break
            day = days.get(here.toordinal())
            line.append(heights[height(day)] + " ", style=STYLES[shade(day)])
        lines.append(line)
    return lines


def calendar_legend(ascii_only: bool) -> str:
    heights = ASCII_HEIGHTS if ascii_only else HEIGHTS
    minutes = "  ".join(f"{heights[n + 2]} {least}+" for n, least in enumerate(MINUTES))
    return _("minutes: {minutes} · right: green {good:.0%}, yellow {fair:.0%}, red less", minutes=minutes, good=GOOD, fair=FAIR)  # fmt: skip


def _months(mondays: list[date]) -> str:
    """The name of each month over its first week; that of the first one only if it has room."""
    from rich.cells import cell_len

    starts = [
        (2 * number, month(monday))
        for number, monday in enumerate(mondays)
        if number == 0 or monday.month != mondays[number - 1].month
    ]
    if len(starts) > 1 and starts[1][0] <= cell_len(starts[0][1]):
        del starts[0]
    row = ""
    for place, name in starts:
        row += " " * (place - cell_len(row)) + name
    return row
