"""`dlkata kata NAME`"""

from pathlib import Path

import click

from dlkata.cli.app import KATA, App, warn
from dlkata.cli.editor import open_in_editor
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.cli.pager import show_lines
from dlkata.content.kata import Kata
from dlkata.locale import N_, _, language


@click.command(
    cls=LocalCommand,
    help=N_(
        """Start or continue a kata: shows the statement and where your attempt is.

        The attempt is created from the stub if it isn't there; one that is there is never overwritten.
        """
    ),
)
@click.argument("kata", type=KATA, required=False)
@option("--edit", "-e", is_flag=True, help=N_("Open the attempt in your editor."))
@option("--contract", is_flag=True, help=N_("Show the house contract, which every kata obeys."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, kata: Kata | None, edit: bool, contract: bool, as_json: bool) -> None:
    if contract:
        show_contract(app)
    elif kata is None:
        raise click.UsageError(_("Name a kata; `dlkata list` shows them."))
    else:
        warm_up(app)
        open_kata(app, kata, as_json, paged=not edit)  # the editor shows it too
        if edit:
            open_in_editor(app.settings.get("editor"), app.workspace.file(kata.name))


def warm_up(app: App) -> None:
    """Who opens a kata will check it: torch is imported meanwhile."""
    linger = app.linger(app.sandbox(False))
    if linger:
        from dlkata.grading.client import find, leave_behind

        if find() is None:
            leave_behind(linger)


def show_contract(app: App) -> None:
    from dlkata.ui.statement import section

    contract = app.library.contract.parts[0].sections[language()]
    show_lines(lambda width: section(contract, width))


def open_kata(app: App, kata: Kata, as_json: bool, *, paged: bool = True) -> None:
    from dlkata.progress.record import Kind
    from dlkata.ui.statement import statement

    file = start_attempt(app, kata)
    app.remember(Kind.OPENED, kata)
    if as_json:
        facts = {"kata": kata.name, "title": kata.title, "file": str(file), "statement": kata.section.body}
        print_json(facts | {"names": kata.names, "forbids": kata.head.forbids})
    else:
        show_lines(lambda width: statement(kata, file, app.run, width), paged=paged)


def start_attempt(app: App, kata: Kata) -> Path:
    """The attempt's file, created if it isn't there."""
    from dlkata.ui.attempt import attempt_text

    first = not app.workspace.folder.exists()
    app.workspace.create(kata.name, attempt_text(kata, f"{app.run} check {kata.typed}"))
    if first:
        warn(_("Your attempts are kept in {folder}.", folder=app.workspace.folder))
    return app.workspace.file(kata.name)
