"""A plan on the screen: where it stands, what today holds, the days to come, and what they will have come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlkata.content.kata import Kata
from dlkata.locale import N_, _
from dlkata.progress.day import date_of
from dlkata.study.agenda import Agenda
from dlkata.study.forecast import Outlook
from dlkata.study.planning import Day, Part
from dlkata.ui.wrap import naming, parted, wrap

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.progress.plans import Aim
    from dlkata.study.opening import Today

STRONG, QUIET, COMMAND = "bold", "dim", "cyan"
SHOWN = 5  # days to come, besides the last one: with today they fit on a small screen
WEEKDAYS = N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun")


def date_text(day: int) -> str:
    """A day as a plan names it, always of one width in a language."""
    date = date_of(day)
    return f"{date:%m-%d} {_(WEEKDAYS[date.weekday()])}"


def to_refresh(today: "Today") -> str:
    """All that is left to do on the day of the interview."""
    if not today.due:
        return _("Nothing is left to refresh.")
    return _("questions: {parts}", parts=_("{count} to refresh", count=today.due))


def the_day(today: "Today", run: str, width: int) -> list["Text"]:
    from rich.text import Text

    lines = [*wrap(Text(_("Today is the day your plan led to."), style=STRONG), width), Text()]
    lines += [Text("  ").append_text(row) for row in wrap(Text(to_refresh(today)), width - 2)]
    return lines + ([Text.assemble("    ", (f"{run} quiz --due", COMMAND))] if today.due else [])


def the_day_as_json(aim: "Aim", today: "Today") -> dict[str, Any]:
    return {"date": date_of(aim.until).isoformat(), "is_today": True, "due": today.due, "days": []}


def position(agenda: Agenda) -> str:
    """One line: which day it is, and how much of it is done."""
    return _("Day {number} of {days} to {date}: {done} of {minutes} minutes done",
             number=agenda.number, days=agenda.aim.length, date=date_text(agenda.aim.until),
             done=round(min(agenda.spent.total, 999)), minutes=agenda.aim.minutes)  # fmt: skip


def where_it_stands(agenda: Agenda, run: str, width: int) -> list["Text"]:
    """After a session: how much of the day is done, and what is next."""
    from rich.text import Text

    lines = wrap(Text(position(agenda)), width)
    for task in tasks(agenda, {}, run)[:1]:
        lines += wrap(naming(_("Next: {command} ({what})", what=task.said, command=task.command), task.command), width)  # fmt: skip
    return (
        lines if agenda.left.minutes else [*lines, *wrap(Text(_("Today's part of the plan is done.")), width)]
    )


def plan(
    agenda: Agenda, days: Sequence[Day], outlook: Outlook, about: str, katas: Mapping[str, Kata], run: str, width: int,
    *, whole: bool = False,
) -> list["Text"]:  # fmt: skip
    """`whole`: every day that was looked at, else the next ones and the last one."""
    from rich.text import Text

    lines = wrap(Text.assemble((position(agenda), STRONG), (f" · {about}", QUIET)), width)
    lines += [Text(), Text(_("Today"), style=STRONG), *_today(agenda, katas, run, width)]
    later = [day for day in days if day.day > agenda.today]
    if later:
        lines += [Text(), Text(_("Then"), style=STRONG)]
    shown = later if whole or len(later) <= SHOWN + 1 else later[:SHOWN]
    for day in shown:
        lines += _row(day, width)
    if len(shown) < len(later):
        command = f"{run} plan --all"
        left = len(later) - len(shown) - 1
        said = N_("… and {count} days more: {command}") if left > 1 else N_("… and 1 day more: {command}")
        more = wrap(naming(_(said, count=left, command=command), command, style=QUIET), width - 2)
        lines += [*(Text("  ").append_text(row) for row in more), *_row(later[-1], width)]
    return [*lines, Text(), *_outlook(outlook, agenda, run, width)]


@dataclass(frozen=True)
class Task:
    """One thing that the day holds."""

    said: str
    command: str
    why: str


def tasks(agenda: Agenda, katas: Mapping[str, Kata], run: str) -> list[Task]:
    """What is left of today, in the order in which it is best done."""
    left = agenda.left
    coming_back = left.reviews or left.refresh
    why = _("Answered now, what is due is not forgotten.") if coming_back else _("Each comes back just before you would forget it.")  # fmt: skip
    quiz = [Task(_said(left), f"{run} quiz", why)] if coming_back or left.new else []
    coding = [_kata_task(agenda, part, katas, run) for part in left.katas]
    found = [*quiz, *coding] if coming_back else [*coding, *quiz]
    if left.mock:
        found.append(Task(mock(left.mock), mock_command(agenda, run), _("The last day: try it as it will be.")))  # fmt: skip
    return found


def _kata_task(agenda: Agenda, part: Part, katas: Mapping[str, Kata], run: str) -> Task:
    name = part.kata.replace("_", "-")
    title = katas[part.kata].title if part.kata in katas else name
    said = _("kata: {title} · {part}", title=title, part=_part(part))
    if part.again:
        again = _("You solved it a while ago: write it again from an empty stub.")
        return Task(said, f"{run} reset {name}", again)
    if part.kata in agenda.state.worked:
        return Task(said, f"{run} check {name}", _("You have begun it: finish it while it is fresh."))
    return Task(said, f"{run} kata {name}", _("The plan has it for today."))


def more_due(agenda: Agenda) -> str:
    """What the minutes do not hold."""
    if not agenda.left.waiting:
        return ""
    if agenda.today == agenda.aim.until - 1:
        return _("{count} more are due than today's minutes hold.", count=agenda.left.waiting)
    return _("{count} more are due than today's minutes hold; they come first tomorrow.", count=agenda.left.waiting)  # fmt: skip


def _today(agenda: Agenda, katas: Mapping[str, Kata], run: str, width: int) -> list["Text"]:
    from rich.text import Text

    lines = []
    for task in tasks(agenda, katas, run):
        lines += [Text("  ").append_text(row) for row in wrap(Text(task.said), width - 2)]
        lines.append(Text.assemble("    ", (task.command, COMMAND)))
    said = [more_due(agenda)] if lines else [_("Today's part of the plan is done."), more_due(agenda)]
    return lines + [
        Text("  ").append_text(row) for text in said if text for row in wrap(Text(text), width - 2)
    ]


def mock(minutes: int) -> str:
    return _("mock interview · {minutes} min", minutes=minutes)


def mock_command(agenda: Agenda, run: str) -> str:
    path = f" --path {agenda.aim.path.replace('_', '-')}" if agenda.aim.path else ""
    return f"{run} interview --minutes {agenda.left.mock}{path}"


def _said(day: Day) -> str:
    return _("questions: {parts}", parts=" · ".join(_counts(day)))


def _counts(day: Day) -> list[str]:
    parts = [_("{count} due", count=len(day.reviews))] if day.reviews else []
    parts += [_("{count} to refresh", count=len(day.refresh))] if day.refresh else []
    return parts + ([_("{count} new", count=len(day.new))] if day.new else [])


def _part(part: Part) -> str:
    if part.again:
        return _("again from an empty stub, {minutes} min", minutes=part.minutes)
    if part.done and part.begun:
        return _("{minutes} min to go", minutes=part.minutes)
    if part.done:
        return _("{minutes} min", minutes=part.minutes)
    return _("{minutes} of {all} min", minutes=part.minutes, all=part.of)


def _short(part: Part) -> str:
    """For a row of a day to come."""
    name = part.kata.replace("_", "-")
    if part.again:
        return _("{name} again {minutes} min", name=name, minutes=part.minutes)
    if part.done:
        return f"{name} {_part(part)}"
    return _("{name} {minutes}/{all} min", name=name, minutes=part.minutes, all=part.of)


def _row(day: Day, width: int) -> list["Text"]:
    from rich.text import Text

    said = [*_counts(day), *map(_short, day.katas)] + (
        [mock(day.mock).replace(" · ", " ")] if day.mock else []
    )
    head = f"  {date_text(day.day)}  "
    indent = Text(head).cell_len
    rows = parted(Text(" · ".join(said) or _("free")), max(20, width - indent))
    return [Text.assemble(head if number == 0 else " " * indent, row) for number, row in enumerate(rows)]


def _outlook(outlook: Outlook, agenda: Agenda, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    said = _("On {date}: about {met} of {all} questions met, {solved} of {katas} katas solved.",
             date=date_text(outlook.day), met=outlook.met, all=outlook.questions, solved=outlook.solved,
             katas=outlook.katas)  # fmt: skip
    lines = wrap(Text(said), width)
    if not outlook.whole:
        lines += wrap(Text(_("What comes after that is planned as you go.")), width)
    elif outlook.met < outlook.questions or outlook.solved < outlook.katas:
        lines += wrap(Text(_("What is left out is worth least; more minutes a day hold more.")), width)
    command = f"{run} plan --minutes {min(600, agenda.aim.minutes + 30)}"
    change = _("Change it: {command}", command=command)
    return [*lines, *wrap(naming(change, command, style=QUIET), width)]


def plan_as_json(agenda: Agenda, days: Sequence[Day], outlook: Outlook) -> dict[str, Any]:
    return {
        "date": date_of(agenda.aim.until).isoformat(),
        "day": agenda.number,
        "of": agenda.aim.length,
        "minutes": agenda.aim.minutes,
        "path": agenda.aim.path or None,
        "done_minutes": round(agenda.spent.total, 1),
        "today": day_as_json(agenda.left),
        "days": [day_as_json(day) for day in days if day.day > agenda.today],
        "expected": {
            "date": date_of(outlook.day).isoformat(),
            "questions": outlook.met,
            "of_questions": outlook.questions,
            "katas": outlook.solved,
            "of_katas": outlook.katas,
        },
    }


def day_as_json(day: Day) -> dict[str, Any]:
    return {
        "date": date_of(day.day).isoformat(),
        "minutes": day.minutes,
        "due": list(day.reviews),
        "waiting": day.waiting,
        "new": list(day.new),
        "refresh": list(day.refresh),
        "katas": [{"name": p.kata, "minutes": p.minutes, "of": p.of, "again": p.again} for p in day.katas],
        "mock": day.mock,
    }
