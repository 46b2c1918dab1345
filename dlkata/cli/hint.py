"""`dlkata hint NAME`"""

import click

from dlkata.cli.app import KATA, App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json, print_lines
from dlkata.cli.target import resolve
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.locale import N_
from dlkata.ui.screen import console


@click.command(
    cls=LocalCommand,
    help=N_("The next hint for a kata: the idea first, then the shape, then almost the code."),
)
@click.argument("kata", type=KATA, required=False)
@option("--all", "everything", is_flag=True, help=N_("All hints at once."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, kata: Kata | None, everything: bool, as_json: bool) -> None:
    if kata is None:
        kata, _file = resolve(app, None, None)
    show_hint(app, kata, everything, as_json)


def show_hint(app: App, kata: Kata, everything: bool = False, as_json: bool = False) -> None:
    from dlkata.progress.record import Kind
    from dlkata.ui.hints import hints

    ladder = [hint.text for hint in kata.solution.hints]
    rung = len(ladder) if everything else min(_taken(app, kata) + 1, len(ladder))
    app.remember(Kind.HINTED, kata, rung=rung)
    shown = ladder[:rung] if everything else [ladder[rung - 1]]
    if as_json:
        print_json({"kata": kata.name, "rung": rung, "of": len(ladder), "hints": shown})
    else:
        from rich.text import Text

        from dlkata.cli.running import cost_of_hint
        from dlkata.ui.wrap import wrap

        width, cost = console().width, cost_of_hint(app, kata)
        print_lines(hints(kata, shown, rung, len(ladder), app.run, width))
        print_lines(wrap(Text(cost), width) if cost else [])


def _taken(app: App, kata: Kata) -> int:
    try:
        return app.record.hints_taken(kata.name) if app.record is not None else 0
    except DlkataError:
        return 0
