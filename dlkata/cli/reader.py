"""Lines from whoever answers: a terminal, or a pipe that ends."""

import sys
import unicodedata

import click


class Reader:
    def __init__(self, *, quiet: bool = False):
        self.terminal = sys.stdin is not None and sys.stdin.isatty()
        self.quiet = quiet  # nothing is printed: for --json

    def line(self, prompt: str = "> ") -> str | None:
        """The next line without its end, or None where there is none any more."""
        if self.terminal and not self.quiet:
            _editable()
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


def _editable() -> None:
    """Arrow keys move within the line, where the platform has readline."""
    try:
        import readline  # noqa: F401
    except ImportError:
        pass
