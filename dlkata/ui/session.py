"""The end of a session on the screen: how it went, what to look at, when things come back."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from dlkata.content.concept import Concept
from dlkata.locale import _
from dlkata.progress.answers import Coming, Outcome
from dlkata.progress.day import date_of
from dlkata.study.countdown import Countdown
from dlkata.study.opening import Today
from dlkata.study.selection import Choice
from dlkata.study.session import Session
from dlkata.ui.question import COMMAND, QUIET, STRONG
from dlkata.ui.wrap import naming, wrap

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.study.moved import Move


@dataclass(frozen=True)
class Tally:
    right: int
    wrong: int
    skipped: int
    seconds: float
    length: int

    @property
    def answered(self) -> int:
        return self.right + self.wrong


def tally(session: Session) -> Tally:
    outcomes = [answer.outcome for answer in session.done if not answer.closed]
    right, wrong, skipped = (outcomes.count(o) for o in (Outcome.RIGHT, Outcome.WRONG, Outcome.SKIPPED))
    return Tally(right, wrong, skipped, session.seconds, session.length)


def in_days(due: int, day: int) -> str:
    """When, seen from today."""
    distance = due - day
    if distance <= 0:
        return _("today")
    if distance == 1:
        return _("tomorrow")
    if distance < 60:
        return _("in {days} days", days=distance)
    return _("on {date}", date=date_of(due).isoformat())


def comes_next(coming: Coming, day: int) -> str:
    """How many questions and how many katas fall due, and when: they are not done in the same time."""
    parts = [questions(coming.questions)] if coming.questions else []
    parts += [katas(coming.katas)] if coming.katas else []
    return _("{when} {what}", when=in_days(coming.day, day), what=" + ".join(parts))


def questions(count: int) -> str:
    return _("1 question") if count == 1 else _("{count} questions", count=count)


def katas(count: int) -> str:
    return _("1 kata") if count == 1 else _("{count} katas", count=count)


def summary(
    session: Session, missed: Sequence[Concept], schedule: Today | None, run: str, width: int,
    moves: "Sequence[Move]" = (), *, closed: bool = False,
) -> list["Text"]:  # fmt: skip
    """`closed`: it ended because time was up, and cannot be gone on with."""
    from rich.text import Text

    count = tally(session)
    said = _("{answered} answered: {right} right, {wrong} wrong", answered=count.answered, right=count.right, wrong=count.wrong)  # fmt: skip
    if count.skipped:
        said += _(", {skipped} skipped", skipped=count.skipped)
    lines = [Text(), *wrap(Text(said + f" · {clock(count.seconds)}", style=STRONG), width)]
    left = count.length - len(session.done)
    if left and closed:
        lines += wrap(
            Text(_("{count} were not reached.", count=left) if left > 1 else _("1 was not reached.")), width
        )
    elif left:
        command = f"{run} quiz"
        said = _("{left} left; go on with them: {command}", left=left, command=command)
        lines += wrap(naming(said, command), width)
    if moves:
        from dlkata.ui.moved import what_moved

        lines += what_moved(moves, width)
    lines += to_look_at(missed, run, width)
    if schedule is not None:
        lines += what_comes(schedule, run, width)
    return lines


def exam_result(session: Session, spent: float, limit: float, width: int) -> list["Text"]:
    from rich.text import Text

    count = tally(session)
    share = count.right / count.length if count.length else 0.0
    said = _("Score: {right} of {length} ({share:.0%}) · {time} of {limit}", right=count.right, length=count.length,
             share=share, time=clock(spent), limit=clock(limit))  # fmt: skip
    return [Text(), *wrap(Text(said, style=STRONG), width)]


def to_look_at(missed: Sequence[Concept], run: str, width: int) -> list["Text"]:
    from rich.text import Text

    lines = [Text(), Text(_("Look at"), style=STRONG)] if missed else []
    for concept in missed:
        rows = wrap(
            Text.assemble(_("{title}: ", title=concept.title), (f"{run} why {concept.typed}", COMMAND)),
            width - 2,
        )
        lines += [Text("  ").append_text(row) for row in rows]
    return lines


def what_comes(schedule: Today, run: str, width: int) -> list["Text"]:
    """When the next ones fall due; said plainly where more wait than a day should hold."""
    from rich.text import Text

    lines: list[Text] = [Text()]
    if schedule.agenda is not None:
        from dlkata.ui.plan import where_it_stands

        lines += where_it_stands(schedule.agenda, run, width)
    elif schedule.due:
        lines += wrap(Text(_("Still due today: {count}.", count=schedule.due)), width)
    if schedule.waiting:
        lines += wrap(Text(waiting(schedule.waiting)), width)
    if schedule.later:
        parts = _(", ").join(comes_next(coming, schedule.day) for coming in schedule.later[:4])
        lines += wrap(Text(_("Due next: {what}.", what=parts)), width)
    if schedule.katas:
        for name in schedule.katas:
            command = f"{run} reset {name.replace('_', '-')}"
            lines += wrap(Text.assemble(_("To be written again from an empty stub: "), (command, COMMAND)), width)  # fmt: skip
    return lines if len(lines) > 1 else []


def waiting(count: int) -> str:
    if count == 1:
        return _("One more is overdue. It need not be done today.")
    return _("{count} more are overdue. They need not all be done today: the longest overdue come first, the rest in the days to come.", count=count)  # fmt: skip


def nothing(choice: Choice, schedule: Today | None, width: int) -> list["Text"]:
    """Why there is no session."""
    from rich.text import Text

    if choice.empty:
        return wrap(Text(_("There are no questions on this yet."), style=STRONG), width)
    if choice.unscored:
        text = _("What there is cannot be scored, for you would grade it yourself: leave out --exam.")
    elif choice.waiting == 1:
        text = _("Today's share is done; one more waits for the days to come.")
    elif choice.waiting:
        text = _("Today's share is done; {count} more wait for the days to come.", count=choice.waiting)
    elif choice.limited:
        text = _("Nothing is due, and today's new questions are done.")
    else:
        text = _("Nothing is due here, and nothing is new.")
    lines = wrap(Text(text, style=STRONG), width)
    if schedule and schedule.later:
        lines += wrap(Text(_("Next: {what}.", what=comes_next(schedule.later[0], schedule.day))), width)
    return lines


def more_new_ones(run: str) -> "Text":
    """For who has done today's new questions and would like to go on."""
    from rich.text import Text

    return Text.assemble((_("More new ones all the same: "), QUIET), (f"{run} quiz --new", COMMAND))


def topics_with_questions(names: Sequence[str], width: int) -> list["Text"]:
    from rich.text import Text

    return wrap(Text(_("Topics with questions: {names}.", names=", ".join(names))), width)


def time_left(countdown: Countdown) -> str:
    """0:00 stands there when it is over, and not before."""
    return clock(ceil(countdown.left))


def clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def summary_as_json(session: Session, schedule: Today | None, moves: "Sequence[Move]" = ()) -> dict[str, Any]:
    from dlkata.ui.moved import moved_as_json

    count = tally(session)
    return {
        "answered": count.answered,
        "right": count.right,
        "wrong": count.wrong,
        "skipped": count.skipped,
        "left": count.length - len(session.done),
        "seconds": round(count.seconds, 1),
        "moved": moved_as_json(moves),
        "next_due": [
            {"date": date_of(coming.day).isoformat(), "count": coming.questions + coming.katas, "katas": coming.katas}
            for coming in (schedule.later if schedule else ())
        ],
        "katas_due": list(schedule.katas) if schedule else [],
    }  # fmt: skip


def line(text: str, style: str = QUIET) -> "Text":
    from rich.text import Text

    return Text(text, style=style)
