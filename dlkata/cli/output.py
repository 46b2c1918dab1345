"""The two ways a command prints."""

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from dlkata.ui.screen import console

if TYPE_CHECKING:
    from rich.text import Text


def print_lines(lines: "Iterable[Text | str]") -> None:
    screen = console()
    for line in lines:
        screen.print(line, soft_wrap=True)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=_plain(), indent=2))


def _plain() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
