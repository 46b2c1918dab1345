"""The `dlkata` command: global options and the list of commands."""

from pathlib import Path

import click

from dlkata import __version__
from dlkata.cli.group import LazyGroup
from dlkata.cli.language import LocalOption, option
from dlkata.locale import N_

COMMANDS = {
    "quiz": ("dlkata.cli.quiz", N_("Questions: due ones first, then new ones.")),
    "interview": ("dlkata.cli.interview", N_("A mock interview against the clock, with a scorecard.")),
    "why": ("dlkata.cli.why", N_("A concept explained, and its claim run.")),
    "plan": ("dlkata.cli.plan", N_("A plan to the day of your interview.")),
    "path": ("dlkata.cli.path", N_("Concepts and katas in an order that leads somewhere.")),
    "stats": ("dlkata.cli.stats", N_("What you know, what you did, what comes.")),
    "browse": ("dlkata.cli.browse", N_("Everything there is, in one list to search.")),
    "list": ("dlkata.cli.list", N_("Katas by topic, with your status.")),
    "kata": ("dlkata.cli.kata", N_("Start or continue a kata: statement and file.")),
    "check": ("dlkata.cli.check", N_("Grade your attempt.")),
    "watch": ("dlkata.cli.watch", N_("Grade it each time you save.")),
    "hint": ("dlkata.cli.hint", N_("The next hint.")),
    "solution": ("dlkata.cli.solution", N_("The reference solution, with notes.")),
    "reset": ("dlkata.cli.reset", N_("Start a kata afresh; the old attempt is kept.")),
    "export": ("dlkata.cli.export", N_("All of yours into one file, or a repository.")),
    "import": ("dlkata.cli.importing", N_("Take over what was exported elsewhere.")),
    "doctor": ("dlkata.cli.doctor", N_("Check this installation.")),
    "config": ("dlkata.cli.config", N_("Show or change settings.")),
    "completion": ("dlkata.cli.completion", N_("Shell completion for bash, zsh or fish.")),
    "author": ("dlkata.cli.author", N_("Write and prove content.")),
}
HELP = N_(
    """Deep-learning interview practice in the terminal.

    Implement a component, have it graded, learn which mistake it was. `dlkata` alone shows where you are
    and what to do next.
    """
)


@click.group(cls=LazyGroup, lazy=COMMANDS, invoke_without_command=True, help=HELP)
@click.version_option(
    __version__,
    "--version",
    prog_name="dlkata",
    message="%(prog)s %(version)s",
    cls=LocalOption,
    help=N_("Show the version and exit."),
)
@option(
    "--pack",
    "packs",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=N_("A folder with more katas."),
)
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_context
def cli(context: click.Context, packs: tuple[Path, ...], as_json: bool) -> None:
    from dlkata.cli.app import App

    context.obj = app = App(packs)
    context.call_on_close(app.back_up)
    if context.invoked_subcommand is None:
        from dlkata.cli.home import show_home

        show_home(context.obj, as_json)
