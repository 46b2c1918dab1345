"""`dlkata solution NAME`"""

import sys
from functools import partial

import click

from dlkata.cli.app import KATA, App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.cli.pager import show_lines
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.locale import N_, _


@click.command(
    cls=LocalCommand, help=N_("The reference solution with its notes. Asks first if you have not passed yet.")
)
@click.argument("kata", type=KATA)
@option("--diff", is_flag=True, help=N_("As a difference to your attempt."))
@option("--yes", "-y", is_flag=True, help=N_("Show it without asking."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, kata: Kata, diff: bool, yes: bool, as_json: bool) -> None:
    from dlkata.progress.record import Kind
    from dlkata.study.next_step import Status

    solved = app.standing.status(kata) is Status.SOLVED
    if not (solved or yes):
        _ask()
    app.remember(Kind.SOLUTION, kata, solved=solved, diff=diff)
    if as_json:
        print_json(_as_json(kata))
    elif diff:
        _show_diff(app, kata)
    else:
        from dlkata.ui.solution import solution

        show_lines(partial(solution, kata), on_screen=partial(solution, kata, fitted=True))


def _ask() -> None:
    question = _("You have not passed this kata yet. Show the solution all the same?")
    if not sys.stdin.isatty():
        raise DlkataError(_("You have not passed this kata yet."), _("Pass it, or add --yes."), exit_code=1)
    if not click.confirm(question):
        raise click.Abort


def _show_diff(app: App, kata: Kata) -> None:
    from dlkata.progress.workspace import read_attempt
    from dlkata.ui.solution import difference

    file = app.workspace.file(kata.name)
    attempt = read_attempt(file)
    shown = partial(difference, kata, attempt, str(file))
    show_lines(lambda _width: shown(), on_screen=shown)


def _as_json(kata: Kata) -> dict[str, object]:
    return {
        "kata": kata.name,
        "source": kata.reference,
        "notes": [{"line": note.line, "text": note.text} for note in kata.solution.notes],
        "follow_ups": [{"question": f.text, "answer": f.answer} for f in kata.solution.follow_ups],
    }
