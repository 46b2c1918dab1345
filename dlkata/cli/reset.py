"""`dlkata reset NAME`"""

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
    from dlkata.progress.record import Kind

    if not app.workspace.file(kata.name).exists():
        raise DlkataError(
            _("You have not started `{name}` yet.", name=kata.name),
            _("Start it: {command}", command=f"{app.run} kata {kata.typed}"),
        )
    copy = app.workspace.set_aside(kata.name)
    file = start_attempt(app, kata)
    app.remember(Kind.RESET, kata)
    if as_json:
        print_json({"kata": kata.name, "file": str(file), "kept": str(copy)})
        return
    click.echo(_("Kept: {file}", file=copy))
    click.echo(_("Fresh: {file}", file=file))
