"""`dlkata path [NAME]`"""

from typing import TYPE_CHECKING

import click

from dlkata.cli.app import PATH, App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.cli.pager import show_lines
from dlkata.locale import N_

if TYPE_CHECKING:
    from dlkata.content.learning_path import LearningPath


@click.command(
    cls=LocalCommand,
    help=N_(
        """Concepts and katas in an order that leads somewhere, and how far along you are.

        Without a name: all paths. With one: its stages, each concept and kata with its mark (● known, ◐ learning,
        ○ new), and what comes next.

        \b
        dlkata path
        dlkata path transformers
        dlkata plan --path transformers --date 2026-12-10
        """
    ),
)
@click.argument("chosen", type=PATH, required=False, metavar="[NAME]")
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, chosen: "LearningPath | None", as_json: bool) -> None:
    from dlkata.study.along import along
    from dlkata.ui.path import path, path_as_json, paths

    known = app.mastery()
    if chosen is not None:
        one = along(chosen, app.library, app.standing, known)
        if as_json:
            print_json(path_as_json(one))
        else:
            show_lines(lambda width: path(one, app.run, width))
        return
    found = [along(each, app.library, app.standing, known) for each in app.library.paths]
    if as_json:
        print_json([path_as_json(one) for one in found])
    else:
        show_lines(lambda width: paths(found, app.run, width))
