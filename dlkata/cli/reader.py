"""Lines from whoever answers: a terminal, or a pipe that ends."""

import sys
import unicodedata
from collections.abc import Sequence

import click


class Reader:
    def __init__(self, *, quiet: bool = False):
        self.terminal = sys.stdin is not None and sys.stdin.isatty()
        self.quiet = quiet  # nothing is printed: for --json

    def line(self, prompt: str = "> ", choices: Sequence[str] = ()) -> str | None:
        """The next line without its end, or None where there is none any more.

        In a terminal the down arrow types the first of the `choices`, then the next; the up arrow goes back.
        """
        if self.terminal and not self.quiet:
            _offer(choices)
            try:
                return input(prompt)
            except EOFError:
                click.echo()
                return None
        try:
            typed = sys.stdin.readline()
        except (UnicodeDecodeError, ValueError):
            return ""  # bytes that are no text: asked again
        if not self.quiet and typed:
            click.echo(prompt + typed.rstrip("\n"))  # a transcript shows what was answered
        return typed.rstrip("\r\n") if typed else None


def plainly(typed: str) -> str:
    """A short answer without what an input method adds: full-width letters, capitals, spaces."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


def _offer(choices: Sequence[str]) -> None:
    """The choices as readline's history, walked downwards; where the platform has no readline, they are typed."""
    try:
        import readline
    except ImportError:
        return
    readline.clear_history()
    for choice in reversed(choices):
        readline.add_history(choice)
    if "libedit" not in (readline.__doc__ or ""):
        for up, down in (("\\e[A", "\\e[B"), ("\\eOA", "\\eOB")):
            readline.parse_and_bind(f'"{down}": previous-history')
            readline.parse_and_bind(f'"{up}": next-history')
    readline.set_auto_history(False)
