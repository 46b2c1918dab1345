"""`dlkata interview`"""

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from dlkata.cli.app import PATH, TOPIC, App, now
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json, print_lines
from dlkata.errors import DlkataError
from dlkata.locale import N_, _
from dlkata.study.interview.agenda import LONGEST, SHORTEST, USUAL, Scope
from dlkata.ui.screen import console

MOST_TOLD = 30

if TYPE_CHECKING:
    from dlkata.cli.interviewer import Interviewer
    from dlkata.content.learning_path import LearningPath
    from dlkata.content.library import Topic
    from dlkata.progress.record import Record


@click.command(
    cls=LocalCommand,
    help=N_(
        """A mock interview against the clock: quick questions, questions to answer aloud, a kata, its follow-ups.

        Answers are hidden until you have given yours. Hints cost points. The clock runs on the wall: leave, or
        lose the terminal, and `dlkata interview` goes on with what is left. At the end there is a scorecard.

        \b
        dlkata interview                            # 45 minutes, about everything
        dlkata interview --minutes 20 --topic attention --level 2
        dlkata interview --end                      # end the running one now
        dlkata interview --history
        """
    ),
)
@option(
    "--minutes",
    type=click.IntRange(SHORTEST, LONGEST),
    help=N_("How long. A kata fits from 23 minutes on. [default: 45]"),
)
@option(
    "--topic",
    "topics",
    type=TOPIC,
    multiple=True,
    metavar="TOPIC",
    help=N_("Only this topic; again for others."),
)
@option("--level", type=click.IntRange(1, 3), help=N_("Only questions and katas of this level."))
@option(
    "--path",
    "along",
    type=PATH,
    metavar="PATH",
    help=N_("Only what is on this path; `dlkata path` lists them."),
)
@option("--seed", type=click.IntRange(0), help=N_("The same interview each time."))
@option("--end", "ends", is_flag=True, help=N_("End the running interview now, with its scorecard."))
@option("--history", is_flag=True, help=N_("How they went so far, and the newest scorecard."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(
    app: App, minutes: int | None, topics: "tuple[Topic, ...]", level: int | None, along: "LearningPath | None", seed: int | None, ends: bool,
    history: bool, as_json: bool,
) -> None:  # fmt: skip
    from dlkata.progress.interviews import Interviews

    wished = minutes is not None or bool(topics) or level is not None or along is not None or seed is not None
    if ((history or ends) and wished) or (history and ends):
        raise click.UsageError(_("--history and --end stand alone."))
    record = app.record
    if record is None:
        raise DlkataError(_("An interview is kept in your record, which cannot be used."), _("`dlkata doctor` says more."))  # fmt: skip
    if history:
        show_history(app, record, as_json)
        return
    kept = Interviews(record)
    running = kept.running()
    if running is None and ends:
        raise DlkataError(_("No interview is running."), _("Begin one: dlkata interview"))
    if running is not None:
        over = hold(app, record, running, resumed=True, ends=ends, wished=wished, as_json=as_json)
        if not (over and wished):
            return
    scope = Scope(tuple(topic.name for topic in topics), level)
    if along is not None:
        scope = replace(scope, path=along.name, concepts=tuple(along.concepts), katas=tuple(along.katas))
    name = begin(app, record, minutes or USUAL, scope, seed, as_json)
    if name is not None:
        hold(app, record, name, as_json=as_json)


def begin(
    app: App, record: "Record", minutes: int, scope: Scope, seed: int | None, as_json: bool
) -> str | None:
    """Its name; None where the learner would rather not."""
    from dlkata.cli.reader import Reader
    from dlkata.cli.words import key_of
    from dlkata.progress.answers import Answers
    from dlkata.progress.day import study_day
    from dlkata.progress.interviews import Interviews
    from dlkata.study.interview.agenda import draw_up
    from dlkata.study.opening import bank_of
    from dlkata.ui.interview import BEGIN_KEYS, intro

    seed = seed if seed is not None else random.getrandbits(31)
    rng = random.Random(seed)
    lately = Answers(record).asked_on(study_day(now(), app.pace.ends))
    agenda = draw_up(minutes, scope, bank_of(app.library, record, rng), app.standing, rng, lately)
    if not agenda.tasks:
        raise DlkataError(_("There is nothing to ask about here in {minutes} minutes.", minutes=minutes), _("Leave out --topic, --level or --path, or give it more minutes."))  # fmt: skip
    reader = Reader(quiet=as_json)
    if not as_json:
        titles = {task.name: app.library.kata(task.name).title for task in agenda.tasks if task.name in app.library.kata_names}  # fmt: skip
        print_lines(intro(agenda.tasks, minutes, titles, console().width))
    if reader.terminal and not as_json:
        typed = reader.line("\n" + " · ".join(_(said) for said in BEGIN_KEYS.values()) + " > ")
        if typed is None or key_of(typed, BEGIN_KEYS) == "q":
            return None
    tasks, kept = [task.as_json() for task in agenda.tasks], Interviews(record)
    if kept.running() is not None:
        raise DlkataError(
            _("An interview was begun in another terminal meanwhile."), _("Go on with it: dlkata interview")
        )
    return kept.begin(now(), {"minutes": minutes, "seed": seed, "scope": scope.as_json(), "tasks": tasks})


def hold(
    app: App, record: "Record", name: str, *, as_json: bool, resumed: bool = False, ends: bool = False,
    wished: bool = False,
) -> bool:  # fmt: skip
    """Whether it has ended."""
    from dlkata.cli.interviewer import Interviewer
    from dlkata.cli.quiz import drawn
    from dlkata.cli.reader import Reader
    from dlkata.laboratory.bench import laboratory
    from dlkata.ui.session import time_left

    with laboratory() as bench:
        holder = Interviewer(
            app, record, name, lambda question, seed: drawn(app, bench, question, seed), Reader(quiet=as_json), quiet=as_json
        )  # fmt: skip
        left = time_left(holder.countdown)
        if wished and not holder.countdown.over:
            raise DlkataError(_("An interview is running: {time} left.", time=left), _("Go on with it: dlkata interview · end it: dlkata interview --end"))  # fmt: skip
        if resumed and not as_json:
            over = _("The interview you left is over: its time was up.")
            click.echo(
                over if holder.countdown.over else _("Going on with your interview: {time} left.", time=left)
            )
        if ends:
            holder.stop()
        else:
            holder.hold()
        _close(app, holder, as_json)
    if holder.interrupted:
        click.get_current_context().exit(130)
    return holder.card is not None


def _close(app: App, holder: "Interviewer", as_json: bool) -> None:
    from dlkata.cli.debriefing import debriefing, told_as_json
    from dlkata.ui.session import time_left
    from dlkata.ui.wrap import naming, wrap

    if as_json:
        print_json(told_as_json(holder))
    elif holder.card is None:
        command = f"{app.run} interview"
        said = _("Your interview goes on: {time} left. Back to it: {command}", time=time_left(holder.countdown), command=command)  # fmt: skip
        print_lines(["", *wrap(naming(said, command), console().width)])
    else:
        print_lines(debriefing(app, holder, console().width))


def show_history(app: App, record: "Record", as_json: bool) -> None:
    from dlkata.cli.debriefing import names_of
    from dlkata.cli.interviewer import scorecard_of
    from dlkata.progress.interviews import Interviews
    from dlkata.ui.interview import history, scorecard

    ended = [(name, step, scorecard_of(step.detail)) for name, step in Interviews(record).ended(MOST_TOLD)]
    if as_json:
        import msgspec

        told: list[dict[str, Any]] = [
            {"interview": name, "ended": step.at.isoformat(timespec="seconds"), **msgspec.to_builtins(card)}
            for name, step, card in ended
        ]
        print_json(told)
    elif not ended:
        click.echo(_("No interview yet. Begin one: {command}", command=f"{app.run} interview"))
    else:
        titles = {kata.name: kata.title for kata in app.library.katas}
        from msgspec.structs import replace as replaced

        width = console().width
        newest = replaced(ended[0][2], comes_back={})  # what the schedule did since is told elsewhere
        print_lines(history([(step, card) for _name, step, card in ended], titles, width))
        print_lines(scorecard(newest, *names_of(app, newest), 0, app.run, width))
