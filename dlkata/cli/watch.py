"""`dlkata watch [NAME]`"""

import click

from dlkata.cli.app import KATA, App
from dlkata.cli.check import SANDBOX_HELP
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.target import latest
from dlkata.content.kata import Kata
from dlkata.locale import N_, _
from dlkata.progress.settings import DEVICES
from dlkata.ui.screen import console


@click.command(
    cls=LocalCommand,
    help=N_(
        """Check a kata each time you save it; the verdict is there before you look up.

        Without NAME: the kata you last worked on, or the next one. While it runs, `dlkata check` elsewhere is
        instant too. In a pipe it prints one verdict after the other, until it is interrupted.
        """
    ),
)
@click.argument("kata", type=KATA, required=False)
@option(
    "--device",
    type=click.Choice(DEVICES),
    help=N_("Where to run it; `auto` takes a GPU if there is one. [default: cpu]"),
)
@option("--sandbox", is_flag=True, help=SANDBOX_HELP)
@click.pass_obj
def command(app: App, kata: Kata | None, device: str | None, sandbox: bool) -> None:
    from dlkata.cli.watching import Watch
    from dlkata.grading.client import offered
    from dlkata.ui.keyboard import Keyboard
    from dlkata.ui.stage import Stage

    shut_in = app.sandbox(sandbox)
    with offered(shut_in, app.linger(shut_in)) as open_line:
        chosen = app.device(device)
        first = kata or _first_kata(app)
        if console().is_terminal and not console().is_dumb_terminal:
            with Keyboard() as keyboard, Stage() as stage:
                Watch(app, first, chosen, open_line, keyboard, stage).run()
        else:
            if console().is_terminal:
                click.echo(
                    _("Checking {file} now, then each time you save it.", file=app.workspace.file(first.name))
                )
            Watch(app, first, chosen, open_line, Keyboard(), None).run()


def _first_kata(app: App) -> Kata:
    found = latest(app) or app.standing.next_new()
    if found is None:
        raise click.UsageError(_("Name a kata; `dlkata list` shows them."))
    return found
