"""The home screen."""

from typing import TYPE_CHECKING, Any

from dlkata.content.kata import Kata
from dlkata.locale import _
from dlkata.study.next_step import Standing
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

STRONG, QUIET, COMMAND = "bold", "dim", "cyan"
MOST_STARTED = 3


def home(standing: Standing, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    solved = _("{solved} of {total} katas solved", solved=len(standing.solved), total=len(standing.katas))
    lines = [Text.assemble(("dlkata", STRONG), f" · {solved}")]
    if standing.started:
        lines += [Text(), Text(_("Go on with"), style=STRONG)]
        for kata in standing.started[:MOST_STARTED]:
            lines += _entry(kata, f"{run} check {kata.typed}", width)
        if len(standing.started) > MOST_STARTED:
            more = _("… and {count} more", count=len(standing.started) - MOST_STARTED)
            lines.append(Text(f"  {more}", style=QUIET))
    if (new := standing.next_new()) is not None:
        lines += [Text(), Text(_("Next") if standing.started else _("Begin with"), style=STRONG)]
        lines += _entry(new, f"{run} kata {new.typed}", width)
    elif not standing.started:
        lines += [
            Text(),
            *wrap(
                Text(_("Every kata is solved. Do one again: {command}", command=f"{run} reset NAME")), width
            ),
        ]
    everything = _("All katas: {list} · help: {help}", list=f"{run} list", help=f"{run} --help")
    return [*lines, Text(), *(_quiet(row) for row in wrap(Text(everything), width))]


def _entry(kata: Kata, command: str, width: int) -> list["Text"]:
    from rich.text import Text

    about = _(
        "{title} · level {level} · {minutes} min",
        title=kata.title,
        level=kata.head.level,
        minutes=kata.head.minutes,
    )
    rows = [Text("  ").append_text(row) for row in wrap(Text(about), width - 2)]
    return [*rows, Text.assemble("    ", (command, COMMAND))]


def _quiet(row: "Text") -> "Text":
    row.stylize(QUIET)
    return row


def home_as_json(standing: Standing, run: str) -> dict[str, Any]:
    new = standing.next_new()
    step = standing.started[0] if standing.started else new
    verb = "check" if standing.started else "kata"
    return {
        "solved": [kata.name for kata in standing.solved],
        "started": [kata.name for kata in standing.started],
        "next": None if step is None else step.name,
        "command": None if step is None else f"{run} {verb} {step.typed}",
    }
