"""`dlkata plan`"""

from datetime import date, datetime
from typing import TYPE_CHECKING

import click

from dlkata.cli.app import PATH, App, now
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json, print_lines
from dlkata.cli.pager import show_lines
from dlkata.errors import DlkataError
from dlkata.locale import N_, _
from dlkata.ui.screen import console

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.content.learning_path import LearningPath
    from dlkata.progress.plans import Aim, Plans

MINUTES = 60
FARTHEST = 366  # days


@click.command(
    cls=LocalCommand,
    help=N_(
        """A plan to the day of your interview: what to do on each day, in the minutes you have.

        What is due comes first; katas and new questions share the rest, the most valuable first; the last day
        is for a mock interview. It is made anew each day from what you really did, and `dlkata` follows it:
        instead of ten new questions a day, as many as your minutes hold. Without options it is shown;
        while there is one, --date, --minutes and --path change it.

        \b
        dlkata plan --date 2026-12-10 --minutes 60 --path transformers
        dlkata plan
        dlkata plan --drop
        """
    ),
)
@option("--date", "date_text", metavar="YYYY-MM-DD", help=N_("The day of the interview."))
@option("--minutes", type=click.IntRange(5, 600), help=N_("Minutes a day. [default: 60]"))
@option("--path", "along", type=PATH, metavar="NAME", help=N_("Along this path; `dlkata path` lists them."))
@option("--everything", is_flag=True, help=N_("Along no path: all there is, the most valuable first."))
@option("--all", "whole", is_flag=True, help=N_("Show every day to come, up to 45."))
@option("--drop", is_flag=True, help=N_("No plan any more; what you learned stays."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(
    app: App, date_text: str | None, minutes: int | None, along: "LearningPath | None", everything: bool,
    whole: bool, drop: bool, as_json: bool,
) -> None:  # fmt: skip
    from dlkata.progress.day import study_day
    from dlkata.progress.plans import Plans

    changed = date_text is not None or minutes is not None or along is not None or everything
    if (drop and changed) or (along is not None and everything):
        raise click.UsageError(_("--drop stands alone, and so do --path and --everything."))
    if app.record is None:
        raise DlkataError(_("A plan needs your record."), _("`dlkata doctor` says what is wrong with it."))
    plans, day = Plans(app.record), study_day(now(), app.pace.ends)
    if drop:
        _standing(plans, app.run)
        plans.drop(day, now())
        if as_json:
            print_json(None)
        else:
            click.echo(_("There is no plan any more. What you learned stays."))
        return
    if changed:
        path = along.name if along is not None else "" if everything else None
        plans.make(_aim(plans, date_text, minutes, path, day, app.run), now())
    _show(app, _standing(plans, app.run), day, whole=whole, as_json=as_json)


def _aim(
    plans: "Plans", date_text: str | None, minutes: int | None, path: str | None, day: int, run: str
) -> "Aim":  # fmt: skip
    """A new plan, or the one there is with something changed."""
    from dataclasses import replace

    from dlkata.progress.plans import Aim

    aim = plans.aim()
    if aim is not None and day < aim.until:
        until = aim.until if date_text is None else _until(date_text, day)
        return replace(
            aim, until=until, minutes=minutes or aim.minutes, path=aim.path if path is None else path
        )
    if date_text is None:
        raise _none(run)
    return Aim(day, _until(date_text, day), minutes or MINUTES, path or "")


def _until(text: str, day: int) -> int:
    try:
        asked = datetime.strptime(text.strip(), "%Y-%m-%d").date()
    except ValueError:
        example = date.fromordinal(day + 10).isoformat()
        raise DlkataError(
            _("`{text}` is no date.", text=text), _("Write year, month and day: {example}", example=example)
        ) from None
    days = asked.toordinal() - day
    if days < 0:
        raise DlkataError(_("{date} is past.", date=asked), _("Give a day to come."))
    if days == 0:
        raise DlkataError(
            _("{date} is today: there is no day left to plan.", date=asked),
            _("Warm up with what is due: dlkata quiz --due"),
        )
    if days > FARTHEST:
        raise DlkataError(
            _("{date} is more than a year away.", date=asked),
            _("Until then `dlkata quiz` each day is the plan; make one when the date is nearer."),
        )
    return asked.toordinal()


def _standing(plans: "Plans", run: str) -> "Aim":
    aim = plans.aim()
    if aim is None:
        raise _none(run)
    return aim


def _none(run: str) -> DlkataError:
    command = f"{run} plan --date YYYY-MM-DD --minutes 60 --path NAME"
    return DlkataError(_("There is no plan yet."), _("Make one: {command}", command=command))


def _show(app: App, aim: "Aim", day: int, *, whole: bool, as_json: bool) -> None:
    from dlkata.progress.day import date_of
    from dlkata.study.forecast import forecast

    today = app.today
    if today is not None and today.the_day:
        from dlkata.ui.plan import the_day, the_day_as_json

        if as_json:
            print_json(the_day_as_json(aim, today))
        else:
            print_lines(the_day(today, app.run, console().width))
        return
    if day >= aim.until:
        raise DlkataError(
            _("The plan ended on {date}.", date=date_of(aim.until)),
            _("Make a new one: {command}", command=f"{app.run} plan --date YYYY-MM-DD"),
            exit_code=0 if not as_json else 2,
        )
    if today is None or today.agenda is None:
        raise DlkataError(_("A plan needs your record."), _("`dlkata doctor` says what is wrong with it."))
    agenda = today.agenda
    days, outlook = forecast(agenda.planner, agenda.state, agenda.today, agenda.spent)
    from dlkata.ui.plan import plan, plan_as_json

    if as_json:
        print_json(plan_as_json(agenda, days, outlook))
        return
    katas = {kata.name: kata for kata in app.library.katas}
    about = _about(app, aim)

    def page(width: int) -> "list[Text]":
        return plan(agenda, days, outlook, about, katas, app.run, width, whole=whole)

    if whole:
        show_lines(page)
    else:
        print_lines(page(console().width))


def _about(app: App, aim: "Aim") -> str:
    if aim.path in app.library.path_names:
        return app.library.path(aim.path).title
    return _("Everything, the most valuable first")
