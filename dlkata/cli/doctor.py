"""`dlkata doctor`"""

import click

from dlkata.cli.app import App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json, print_lines
from dlkata.locale import N_
from dlkata.ui.screen import console


@click.command(cls=LocalCommand, help=N_("Check this installation: each line is ok, or says what to do."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    from dlkata.cli.examination import examine
    from dlkata.ui.doctor import findings

    app: App = context.obj
    results = examine(app)
    if as_json:
        print_json([{"what": r.what, "ok": r.ok, "found": r.found, "remedy": r.remedy} for r in results])
    else:
        print_lines(findings(results, console().width))
    context.exit(0 if all(r.ok for r in results) else 1)
