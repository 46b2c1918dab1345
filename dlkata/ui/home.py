"""The home screen: the best thing to do now with its reason, then what else there is, each thing once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlkata.content.kata import Kata
from dlkata.locale import _
from dlkata.study.headway import Progress
from dlkata.study.next_step import Standing
from dlkata.study.opening import Today
from dlkata.ui.marks import marks_as_json, progress_line
from dlkata.ui.session import comes_next, waiting
from dlkata.ui.wrap import naming, parted, wrap

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.study.agenda import Agenda
    from dlkata.ui.plan import Task

STRONG, QUIET, COMMAND = "bold", "dim", "cyan"
MOST_STARTED = 3


@dataclass(frozen=True)
class Step:
    """The best thing to do now, and why."""

    command: str
    why: str


@dataclass(frozen=True)
class Entry:
    """Something that can be done, under the heading where it is looked for."""

    heading: str
    said: str
    command: str = ""
    more: str = ""


def best_step(standing: Standing, today: Today | None, run: str) -> Step | None:
    """What would be forgotten comes first, then what is begun, then what is new. A plan knows better, and on the day
    it led to nothing is asked but what is due."""
    if today is not None and today.the_day:
        return (
            Step(f"{run} quiz --due", _("Answered now, what is due is not forgotten.")) if today.due else None
        )
    if today is not None and today.agenda is not None:
        planned = _planned(standing, today.agenda, run)
        return Step(planned[0].command, planned[0].why) if planned else None
    if today is not None and today.due:
        return Step(f"{run} quiz", _("Answered now, what is due is not forgotten."))
    if standing.started:
        return Step(f"{run} check {standing.started[0].typed}", _("You have begun it: finish it while it is fresh."))  # fmt: skip
    if today is not None and today.begun:
        name = today.begun[0].replace("_", "-")
        return Step(f"{run} check {name}", _("You are writing it again: finish it while it is fresh."))
    if today is not None and today.katas:
        name = today.katas[0].replace("_", "-")
        return Step(f"{run} reset {name}", _("You solved it a while ago: write it again from an empty stub."))
    if today is not None and today.new:
        return Step(f"{run} quiz", _("Each comes back just before you would forget it."))
    if (new := standing.next_new()) is not None:
        why = _("All you know so far leads to it.") if standing.solved else _("A short one to begin with.")
        return Step(f"{run} kata {new.typed}", why)
    return None


def home(
    standing: Standing, today: Today | None, run: str, width: int, *, progress: Progress | None = None
) -> list["Text"]:
    from rich.text import Text

    solved = _("{solved} of {total} katas solved", solved=len(standing.solved), total=len(standing.katas))
    lines = wrap(Text.assemble(("dlkata", STRONG), f" · {solved}"), width)
    if today is not None and today.agenda is not None:
        from dlkata.ui.plan import position

        lines += wrap(Text(position(today.agenda)), width)
    if today is not None and today.the_day:
        lines += wrap(Text(_("Today is the day your plan led to."), style=STRONG), width)
    if progress is not None and progress.begun:
        lines += wrap(progress_line(progress), width)
    step = best_step(standing, today, run)
    entries = list(_entries(standing, today, run))
    best = [entry for entry in entries if step is not None and entry.command == step.command]
    if best and step is not None:
        lines += [Text(), Text(_("Best now"), style=STRONG), *_shown(best[0], width, step.why)]
    heading = ""
    for entry in entries:
        if entry in best:
            continue
        if entry.heading != heading:
            heading = entry.heading
            lines += [Text(), Text(heading, style=STRONG)]
        lines += _shown(entry, width)
    ways = {"browse": f"{run} browse", "stats": f"{run} stats", "help": f"{run} --help"}
    everything = _("Everything: {browse} · progress: {stats} · help: {help}", **ways)
    if today is not None and today.agenda is not None:
        ways["plan"] = f"{run} plan"
        everything = _("The days to come: {plan}", plan=ways["plan"]) + " · " + everything
    return [*lines, Text(), *parted(naming(everything, *ways.values(), style=QUIET), width)]


def _shown(entry: Entry, width: int, why: str = "") -> list["Text"]:
    from rich.text import Text

    said = [text for text in (entry.said, why, entry.more) if text]
    lines = [Text("  ").append_text(row) for text in said for row in wrap(Text(text), width - 2)]
    return [*lines, Text.assemble("    ", (entry.command, COMMAND))] if entry.command else lines


def _entries(standing: Standing, today: Today | None, run: str) -> Iterator[Entry]:
    if today is not None and today.agenda is not None:
        yield from _of_plan(standing, today, today.agenda, run)
        return
    if today is not None and today.the_day:
        from dlkata.ui.plan import to_refresh

        yield Entry(_("Today"), to_refresh(today), f"{run} quiz --due" if today.due else "")
        return
    if today is not None:
        yield from _of_today(today, run)
    for kata in standing.started[:MOST_STARTED]:
        yield Entry(_("Go on with"), _about(kata), f"{run} check {kata.typed}")
    if len(standing.started) > MOST_STARTED:
        yield Entry(_("Go on with"), _("… and {count} more", count=len(standing.started) - MOST_STARTED))
    if (new := standing.next_new()) is not None:
        heading = _("Next") if standing.started or standing.solved else _("Begin with")
        yield Entry(heading, _about(new), f"{run} kata {new.typed}")
    elif not standing.started:
        yield Entry(_("Next"), _("Every kata is solved. Do one again:"), f"{run} reset NAME")


def _planned(standing: Standing, agenda: "Agenda", run: str) -> "list[Task]":
    from dlkata.ui.plan import tasks

    return tasks(agenda, {kata.name: kata for kata in standing.katas}, run)


def _of_plan(standing: Standing, today: Today, agenda: "Agenda", run: str) -> Iterator[Entry]:
    """What the plan holds for today; then what else is begun or due."""
    from dlkata.ui.plan import more_due

    tasks = _planned(standing, agenda, run)
    for task in tasks:
        yield Entry(_("Today"), task.said, task.command)
    if not tasks:
        yield Entry(_("Today"), _("Today's part of the plan is done."), "", more_due(agenda))
    elif more := more_due(agenda):
        yield Entry(_("Today"), more)
    others = [
        Entry(_("Besides"), _about(k), f"{run} check {k.typed}") for k in standing.started[:MOST_STARTED]
    ]
    for names, said, verb in (
        (today.begun, _("being written again: {name}"), "check"),
        (today.katas, _("to be written again: {name}"), "reset"),
    ):
        typed = [name.replace("_", "-") for name in names[:MOST_STARTED]]
        others += [Entry(_("Besides"), said.replace("{name}", n), f"{run} {verb} {n}") for n in typed]
    yield from (entry for entry in others if entry.command not in {task.command for task in tasks})


def _of_today(today: Today, run: str) -> Iterator[Entry]:
    heading = _("Today")
    if today.due or today.new:
        parts = [_("{count} due", count=today.due)] if today.due else []
        parts += [_("{count} new", count=today.new)] if today.new else []
        more = waiting(today.waiting) if today.waiting else ""
        yield Entry(heading, _("questions: {parts}", parts=" · ".join(parts)), f"{run} quiz", more)
    elif today.later:
        following = comes_next(today.later[0], today.day)
        yield Entry(heading, _("No questions are left for today. Next: {what}.", what=following))
    else:
        yield Entry(heading, _("No questions are left for today."))
    for name in (name.replace("_", "-") for name in today.begun[:MOST_STARTED]):
        yield Entry(heading, _("being written again: {name}", name=name), f"{run} check {name}")
    for name in (name.replace("_", "-") for name in today.katas[:MOST_STARTED]):
        yield Entry(heading, _("to be written again: {name}", name=name), f"{run} reset {name}")


def _about(kata: Kata) -> str:
    return _(
        "{title} · level {level} · {minutes} min",
        title=kata.title,
        level=kata.head.level,
        minutes=kata.head.minutes,
    )


def home_as_json(
    standing: Standing, today: Today | None, run: str, *, progress: Progress | None = None
) -> dict[str, Any]:
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
        "concepts": marks_as_json(progress.marks) if progress else {},
        "practised_of_14_days": progress.practised if progress else 0,
        "command": None if step is None else step.command,
        "why": None if step is None else step.why,
        **_plan_as_json(today),
    }


def _plan_as_json(today: Today | None) -> dict[str, Any]:
    if today is None or today.agenda is None:
        return {"plan": {"is_today": True}} if today is not None and today.the_day else {}
    from dlkata.ui.plan import day_as_json

    agenda = today.agenda
    return {"plan": {"day": agenda.number, "of": agenda.aim.length, "today": day_as_json(agenda.left)}}
