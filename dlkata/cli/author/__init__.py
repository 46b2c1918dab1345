"""`dlkata author …`"""

import click

from dlkata.cli.group import LazyGroup
from dlkata.locale import N_

COMMANDS = {
    "check": ("dlkata.cli.author.check", N_("Prove katas, concepts and questions by running them.")),
    "coverage": ("dlkata.cli.author.coverage", N_("What the question bank holds, by topic.")),
    "mutate": ("dlkata.cli.author.mutate", N_("Show which mechanical mistakes a suite lets pass.")),
    "prove": ("dlkata.cli.author.prove", N_("Prove in full, and write the certificates that tests go by.")),
    "new": ("dlkata.cli.author.new", N_("Write the skeleton of a new kata.")),
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    help=N_("Write content and prove it. CONTRIBUTING.md describes the formats."),
)
def command() -> None:
    pass
