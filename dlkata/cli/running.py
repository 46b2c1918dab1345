"""What other commands say of the interview that runs meanwhile."""

from typing import TYPE_CHECKING

from dlkata.cli.app import App, now
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.locale import _

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.study.interview.running import Running


def running_interview(app: App) -> "Running | None":
    """None too where the record cannot be read: nothing else stops for it."""
    if app.record is None:
        return None
    from dlkata.study.interview.running import running

    try:
        return running(app.record, now)
    except DlkataError:
        return None


def what_is_left(found: "Running", run: str) -> str:
    from dlkata.ui.session import time_left

    if found.countdown.over:
        return _("Interview: time is up. Its scorecard: {command}", command=f"{run} interview")
    return _("Interview: {time} left. Back to it: {command}", time=time_left(found.countdown), command=f"{run} interview")  # fmt: skip


def left_of_interview(app: App, width: int) -> "list[Text]":
    """A line for the end of a verdict, where an interview runs."""
    found = running_interview(app)
    if found is None:
        return []
    from dlkata.ui.wrap import naming, wrap

    return wrap(naming(what_is_left(found, app.run), f"{app.run} interview"), width)


def cost_of_hint(app: App, kata: Kata) -> str:
    """What a hint costs just now, if it costs anything."""
    found = running_interview(app)
    points = found.hint_points(kata.name) if found is not None else 0.0
    return (
        _("In the interview that runs, each hint costs {points:.0f} points.", points=points) if points else ""
    )


def left_as_json(app: App) -> dict[str, float] | None:
    found = running_interview(app)
    return None if found is None else {"left": round(found.countdown.left, 1)}
