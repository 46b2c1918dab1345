"""1 · How long until a command that only reads has printed."""

import sys
from collections.abc import Iterator

from tests.bench.clock import DLKATA, command, medians


def rows() -> Iterator[tuple[str, float, str]]:
    seconds = medians(
        bare=command(sys.executable, "-c", "pass"),
        click=command(sys.executable, "-c", "import click"),
        help=command(DLKATA, "--help"),
        list=command(DLKATA, "list"),
        home=command(DLKATA),
    )
    yield "`--help` / `python -c 'import click'`", seconds["help"] / seconds["click"], "≤ 2.2"
    yield "`list` / `python -c 'import click'`", seconds["list"] / seconds["click"], "≤ 5"
    yield "home / `python -c 'import click'`", seconds["home"] / seconds["click"], ""
    yield "`--help` / bare interpreter", seconds["help"] / seconds["bare"], ""
