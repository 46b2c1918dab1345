"""A pack's suites and references are programs: whether they may run is asked once."""

import sys
from pathlib import Path

import click

from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.settings import Settings


def ask_trust(pack: Path, settings: Settings) -> None:
    if not any((pack / folder).is_dir() for folder in ("katas", "questions", "paths")):
        raise DlkataError(
            _("{folder} has neither a folder `katas` nor `questions`.", folder=pack),
            _("A pack has katas/, solutions/, tests/katas/, or questions/, or all of them."),
        )
    question = _("The pack {folder} runs code on this machine. Do you trust it?", folder=pack)
    if not sys.stdin.isatty():
        raise DlkataError(question, _("Answer it once in a terminal."))
    if not click.confirm(question, err=True):
        raise click.Abort
    settings.trust(str(pack))
