"""`dlkata reset NAME`"""

from pathlib import Path

import click

from dlkata.cli.app import KATA, App
from dlkata.cli.kata import start_attempt
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.locale import N_, _


@click.command(
    cls=LocalCommand,
    help=N_("Start a kata afresh from the stub. Your old attempt is kept as a numbered copy."),
)
@click.argument("kata", type=KATA)
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, kata: Kata, as_json: bool) -> None:
    file = app.workspace.file(kata.name)
    if not file.exists():
        raise DlkataError(
            _("You have not started `{name}` yet.", name=kata.typed),
            _("Start it: {command}", command=f"{app.run} kata {kata.typed}"),
        )
    copy = start_afresh(app, kata)
    if as_json:
        print_json({"kata": kata.name, "file": str(file), "kept": None if copy is None else str(copy)})
    elif copy is None:
        click.echo(_("{file} is still the stub: there is nothing to keep.", file=file))
    else:
        click.echo(_("Kept: {file}", file=copy))
        click.echo(_("Fresh: {file}", file=file))


def start_afresh(app: App, kata: Kata) -> Path | None:
    """A fresh stub; the copy of the attempt that stood there, or None where it was a stub itself."""
    from dlkata.progress.record import Kind
    from dlkata.study.begun import is_begun

    copy = app.workspace.set_aside(kata.name) if is_begun(kata, app.workspace) else None
    start_attempt(app, kata)
    app.remember(Kind.RESET, kata)
    return copy
