"""The home screen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlkata.content.kata import Kata
from dlkata.locale import _
from dlkata.study.next_step import Standing
from dlkata.study.opening import Today
from dlkata.ui.session import in_days, waiting
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

STRONG, QUIET, COMMAND = "bold", "dim", "cyan"
MOST_STARTED = 3


@dataclass(frozen=True)
class Step:
    """The best thing to do now, and why."""

    command: str
    why: str


def best_step(standing: Standing, today: Today | None, run: str) -> Step | None:
    """What would be forgotten comes first, then what is begun, then what is new."""
    if today is not None and today.due:
        return Step(f"{run} quiz", _("Questions due: {count}. Answered now, they are not forgotten.", count=today.due))  # fmt: skip
    if standing.started:
        return Step(f"{run} check {standing.started[0].typed}", _("You have begun it: finish it while it is fresh."))  # fmt: skip
    if today is not None and today.begun:
        name = today.begun[0].replace("_", "-")
        return Step(f"{run} check {name}", _("You are writing it again: finish it while it is fresh."))
    if today is not None and today.katas:
        name = today.katas[0].replace("_", "-")
        return Step(f"{run} reset {name}", _("You solved it a while ago: write it again from an empty stub."))
    if today is not None and today.new:
        return Step(f"{run} quiz", _("New questions for today: {count}.", count=today.new))
    if (new := standing.next_new()) is not None:
        return Step(f"{run} kata {new.typed}", _("All you know so far leads to it."))
    return None


def home(standing: Standing, today: Today | None, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    solved = _("{solved} of {total} katas solved", solved=len(standing.solved), total=len(standing.katas))
    lines = wrap(Text.assemble(("dlkata", STRONG), f" · {solved}"), width)
    if today is not None:
        lines += [Text(), *_today(today, run, width)]
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
    if (step := best_step(standing, today, run)) is not None:
        lines += [Text(), *wrap(Text.assemble((_("Best now: "), STRONG), (step.command, COMMAND)), width)]
        lines += [Text("  ").append_text(row) for row in wrap(Text(step.why), width - 2)]
    everything = _("All katas: {list} · all concepts: {why} · help: {help}", list=f"{run} list", why=f"{run} why", help=f"{run} --help")  # fmt: skip
    return [*lines, Text(), *(_quiet(row) for row in wrap(Text(everything), width))]


def _today(today: Today, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    parts = [_("{count} due", count=today.due), _("{count} new", count=today.new)]
    lines = [Text(_("Today"), style=STRONG)]
    if today.due or today.new:
        said = _("questions: {parts}", parts=" · ".join(parts))
        lines += [Text("  ").append_text(row) for row in wrap(Text(said), width - 2)]
        lines.append(Text.assemble("    ", (f"{run} quiz", COMMAND)))
        if today.waiting:
            lines += [Text("  ").append_text(row) for row in wrap(Text(waiting(today.waiting)), width - 2)]
    elif today.later:
        due, count = today.later[0]
        said = _("No questions are left for today. Next: {count} {when}.", count=count, when=in_days(due, today.day))  # fmt: skip
        lines += [Text("  ").append_text(row) for row in wrap(Text(said), width - 2)]
    else:
        lines.append(Text("  " + _("No questions are left for today.")))
    for name in today.begun[:MOST_STARTED]:
        said = _("being written again: {name}", name=name.replace("_", "-"))
        lines += [Text("  ").append_text(row) for row in wrap(Text(said), width - 2)]
        lines.append(Text.assemble("    ", (f"{run} check {name.replace('_', '-')}", COMMAND)))
    for name in today.katas[:MOST_STARTED]:
        said = _("to be written again: {name}", name=name.replace("_", "-"))
        lines += [Text("  ").append_text(row) for row in wrap(Text(said), width - 2)]
        lines.append(Text.assemble("    ", (f"{run} reset {name.replace('_', '-')}", COMMAND)))
    return lines


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


def home_as_json(standing: Standing, today: Today | None, run: str) -> dict[str, Any]:
    new = standing.next_new()
    kata = standing.started[0] if standing.started else new
    step = best_step(standing, today, run)
    return {
        "solved": [kata.name for kata in standing.solved],
        "started": [kata.name for kata in standing.started],
        "next": None if kata is None else kata.name,
        "due": today.due if today else 0,
        "waiting": today.waiting if today else 0,
        "new": today.new if today else 0,
        "katas_due": [*today.katas, *today.begun] if today else [],
        "command": None if step is None else step.command,
        "why": None if step is None else step.why,
    }
