"""`dlkata completion SHELL`"""

import os
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from dlkata.cli.language import LocalCommand
from dlkata.errors import DlkataError
from dlkata.locale import N_, _

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_DLKATA_COMPLETE"


@click.command(
    cls=LocalCommand,
    help=N_(
        """Print the completion script for your shell.

        \b
        bash: echo 'eval "$(dlkata completion bash)"' >> ~/.bashrc
        zsh:  echo 'eval "$(dlkata completion zsh)"' >> ~/.zshrc
        fish: dlkata completion fish > ~/.config/fish/completions/dlkata.fish
        """
    ),
)
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def command(context: click.Context, shell: str | None) -> None:
    name = shell or Path(os.environ.get("SHELL", "")).name
    kind = get_completion_class(name) if name in SHELLS else None
    if kind is None:
        raise DlkataError(_("Which shell?"), _("Say: dlkata completion bash, zsh or fish."))
    click.echo(kind(context.find_root().command, {}, "dlkata", VARIABLE).source())
