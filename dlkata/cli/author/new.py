"""`dlkata author new NAME`"""

from pathlib import Path

import click

from dlkata.cli.app import App
from dlkata.cli.language import LocalCommand, option
from dlkata.locale import N_, _


@click.command(
    cls=LocalCommand,
    help=N_(
        """Write the five files of a new kata as a skeleton.

        Each place to fill in says TODO; `dlkata author check NAME` walks you through them to done.
        """
    ),
)
@click.argument("name")
@option("--topic", default="attention", show_default=True, help=N_("A folder of questions/."))
@option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=N_("The folder that holds katas/. [default: this folder, if it does]"),
)
@click.pass_obj
def command(app: App, name: str, topic: str, root: Path | None) -> None:
    from dlkata.author.skeleton import write_skeleton

    chosen = app.library.topic(topic)
    for file in write_skeleton(name, chosen.name, app.library, root):
        click.echo(file)
    click.echo(_("Next: dlkata author check {name}", name=name))
