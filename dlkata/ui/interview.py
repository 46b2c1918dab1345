"""An interview on the screen: what it will ask, what is asked, how it went."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dlkata.content.solution import FollowUp
from dlkata.locale import N_, _
from dlkata.progress.interviews import Step
from dlkata.study.interview.agenda import Part, Task
from dlkata.study.interview.scorecard import PartScore, Scorecard, hint_points, worth
from dlkata.study.interview.state import Reason
from dlkata.ui.question import COMMAND, QUIET, STRONG, hanging
from dlkata.ui.session import clock, in_days, questions
from dlkata.ui.table import table
from dlkata.ui.wrap import joined, naming, wrap

if TYPE_CHECKING:
    from rich.text import Text

LEAVE = N_("q leave")
QUESTION_KEYS = {"h": N_("h hint"), "x": N_("x don't know"), "q": LEAVE}
KATA_KEYS = {
    "c": N_("c check"), "h": N_("h hint"), "e": N_("e editor"), "s": N_("s statement"), "d": N_("d done with it"),
    "q": LEAVE,
}  # fmt: skip
BEGIN_KEYS = {"": N_("Enter: begin"), "q": N_("q not now")}
LEAVE_KEYS = {"l": N_("l leave"), "e": N_("e end it now"), "": N_("Enter: back")}
MOST_REPAIRED = 6


def part_title(part: Part) -> str:
    return {
        Part.QUICK: _("Quick"),
        Part.ALOUD: _("Aloud"),
        Part.KATA: _("Kata"),
        Part.FOLLOW_UP: _("Follow-up"),
    }[part]


def _explained(part: Part) -> str:
    return {
        Part.QUICK: _("Quick questions"),
        Part.ALOUD: _("To answer aloud"),
        Part.KATA: _("Kata"),
        Part.FOLLOW_UP: _("Follow-ups to the kata"),
    }[part]


def intro(tasks: Sequence[Task], minutes: int, titles: Mapping[str, str], width: int) -> list["Text"]:
    """What comes, part by part, before the clock starts."""
    from rich.text import Text

    lines = [Text(_("Interview · {minutes} minutes", minutes=minutes), style=STRONG), Text()]
    parts = [part for part in Part if any(task.part is part for task in tasks)]
    for part in parts:
        own = [task for task in tasks if task.part is part]
        par = sum(task.par for task in own) / 60
        what = titles[own[0].name] if part is Part.KATA else str(len(own))
        what = _("{title}: ", title=_explained(part)) + what
        said = _("{what} · about {minutes} min · {points:.0f} points", what=what, minutes=max(1, round(par)),
                 points=worth(tasks, part))  # fmt: skip
        lines += [Text("  ").append_text(row) for row in wrap(Text(said), width - 2)]
    if Part.KATA not in parts:
        lines += [Text(), *wrap(Text(_("No kata in scope fits into this time."), style=QUIET), width)]
    rules = [
        _("The clock runs from now on, also while you are away, and ends it."),
        _("Answers are told when you have given yours; those to quick questions at the end."),
        _cost(tasks, parts),
    ]
    return [*lines, Text(), *(row for rule in rules for row in wrap(Text(rule), width))]


def _cost(tasks: Sequence[Task], parts: Sequence[Part]) -> str:
    if Part.KATA in parts:
        return _("A hint costs half of a question, and {points:.0f} points at the kata.", points=hint_points(tasks, Part.KATA))  # fmt: skip
    return _("A hint costs half of a question.")


def place(task: Task, tasks: Sequence[Task]) -> str:
    """Where one is within a part, and what it should take."""
    own = [other for other in tasks if other.part is task.part]
    number = f" {own.index(task) + 1}/{len(own)}" if len(own) > 1 else ""
    return part_title(task.part) + number + " · " + _("par {time}", time=clock(task.par))


def follow_up_asked(follow_up: FollowUp, where: str, width: int) -> list["Text"]:
    from rich.text import Text

    return [Text(), Text(where, style=STRONG), Text(), *wrap(Text(joined(follow_up.text.split("\n"))), width)]


def follow_up_told(follow_up: FollowUp, width: int) -> list["Text"]:
    from rich.text import Text

    answer = hanging("  - ", joined(follow_up.answer.split("\n")), width)
    return [Text(), Text(_("A good answer says:"), style=STRONG), *answer]


def scorecard(
    card: Scorecard, titles: Mapping[str, str], typed: Mapping[str, str], day: int, run: str, width: int
) -> list["Text"]:
    """`titles` of concepts and katas by name; `typed`: how they are typed."""
    from rich.text import Text

    why = {
        Reason.FINISHED: _("finished"), Reason.TIME: _("time was up"), Reason.STOPPED: _("ended early"),
    }[Reason(card.reason)]  # fmt: skip
    head = _("{points:.0f} of 100 points · {time} of {limit} · {why}", points=card.points, time=clock(card.seconds),
             limit=clock(card.minutes * 60), why=why)  # fmt: skip
    lines = [Text(), Text(_("Scorecard"), style=STRONG), *wrap(Text("  " + head), width), Text()]
    columns = [Text(name) for name in (_("part"), _("right"), _("points"), _("time / par"), _("hints"))]
    lines += table(columns, [_row(part, card) for part in card.parts], width)
    if card.repair:
        lines += [Text(), Text(_("To repair"), style=STRONG)]
    for name in card.repair[:MOST_REPAIRED]:
        command = f"{run} why {typed[name]}"
        row = Text.assemble(_("{title}: ", title=titles[name]), (command, COMMAND))
        lines += [Text("  ").append_text(r) for r in wrap(row, width - 2)]
    if len(card.repair) > MOST_REPAIRED:
        lines.append(Text("  " + _("… and {count} more", count=len(card.repair) - MOST_REPAIRED)))
    if card.kata:
        lines += [Text(), *wrap(_kata_next(card, titles[card.kata], typed[card.kata], run), width)]
    if card.comes_back:
        days = _(", ").join(
            _("{when} {what}", when=in_days(int(due), day), what=questions(count))
            for due, count in list(card.comes_back.items())[:4]
        )
        lines += [Text(), *wrap(Text(_("The schedule has moved. They come back: {days}.", days=days)), width)]
    return lines


def _kata_next(card: Scorecard, title: str, typed: str, run: str) -> "Text":
    if card.passed:
        command = f"{run} solution {typed}"
        return naming(
            _("{title}: compare with the reference: {command}", title=title, command=command), command
        )
    command = f"{run} kata {typed}"
    return naming(_("{title} is still to be passed: {command}", title=title, command=command), command)


def _row(part: PartScore, card: Scorecard) -> list["Text"]:
    from rich.text import Text

    right = _("{right} of {tasks}", right=part.right, tasks=part.tasks)
    if part.part is Part.KATA:
        right = {True: _("passed"), False: _("not passed"), None: _("not reached")}[card.passed]
    elif not part.reached:
        right = _("not reached")
    elif part.reached < part.tasks:
        right += " " + _("({count} reached)", count=part.reached)
    points = _("{points:.1f} of {of:.1f}", points=part.points, of=part.of)
    times = f"{clock(part.seconds)} / {clock(part.par)}" if part.reached else ""
    return [Text(part_title(part.part)), Text(right), Text(points), Text(times), Text(str(part.hints or ""))]


def history(ended: Sequence[tuple[Step, Scorecard]], titles: Mapping[str, str], width: int) -> list["Text"]:
    """One row an interview, the newest last: one reads it as a way."""
    from rich.text import Text

    columns = [Text(name) for name in (_("when"), _("minutes"), _("points"), _("kata"), _("hints"))]
    rows = [
        [
            Text(f"{step.at:%Y-%m-%d %H:%M}"), Text(str(card.minutes)), Text(f"{card.points:.0f}"),
            Text(_kata_told(card, titles)), Text(str(card.hints or "")),
        ]
        for step, card in reversed(ended)
    ]  # fmt: skip
    return table(columns, rows, width)


def _kata_told(card: Scorecard, titles: Mapping[str, str]) -> str:
    if not card.kata:
        return ""
    mark = {True: "✓ ", False: "✗ ", None: "· "}[card.passed]
    return mark + titles.get(card.kata, card.kata)
