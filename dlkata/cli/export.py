"""`dlkata export FILE`"""

from pathlib import Path

import click

from dlkata.cli.app import App, now
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.locale import N_, _


@click.command(
    cls=LocalCommand,
    help=N_(
        """Write your record, settings and attempts into one file, for another machine or for safety.

        `dlkata import` takes them over there. Settings that name a folder, a command or a device of this machine
        stay here.

        \b
        dlkata export moving.zip
        """
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@option("--force", is_flag=True, help=N_("Replace a file that is there already."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, file: Path, force: bool, as_json: bool) -> None:
    from dlkata.cli.moving import house_of
    from dlkata.progress.writing import free_for
    from dlkata.study.moving import export_house

    target = free_for(file, replace=force)
    done = export_house(house_of(app), target, now())
    if as_json:
        print_json(
            {
                "file": str(done.file),
                "bytes": done.size,
                **done.rows,
                "attempts": done.attempts,
                "left_out": [str(left) for left in done.left_out],
            }
        )
        return
    click.echo(_("Exported to {file} ({size}).", file=done.file, size=_size(done.size)))
    click.echo(
        _("In it: your record (events {events}, answers {answers}), attempts {attempts}, your settings.",
          events=done.rows["events"], answers=done.rows["answers"], attempts=done.attempts)
    )  # fmt: skip
    for left in done.left_out:
        click.echo(_("Left out: {file} is larger than an attempt can be.", file=left))
    click.echo(_("On the other machine: {command}", command=f"dlkata import {done.file.name}"))


def _size(size: int) -> str:
    return f"{size / 1024:.0f} KiB" if size < 1 << 20 else f"{size / (1 << 20):.1f} MiB"
