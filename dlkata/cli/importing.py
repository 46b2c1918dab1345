"""`dlkata import FILE`"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlkata.cli.app import App, now
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.locale import N_, _

if TYPE_CHECKING:
    from dlkata.study.moving import Imported


BESIDES = {
    "remarks": N_("bookmarks and notes"),
    "interview_steps": N_("interviews"),
    "plans": N_("your plan"),
}


@click.command(
    "import",
    cls=LocalCommand,
    help=N_(
        """Take over what `dlkata export` wrote elsewhere, or a backup of your record.

        What is here already stays and is not doubled: both machines can be practised on, and each can import from
        the other as often as you like. Of two attempts at a kata the newer becomes the one to go on with, the other a
        numbered copy. It is all taken over or, where something is wrong, nothing.

        \b
        dlkata import moving.zip
        """
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, file: Path, as_json: bool) -> None:
    from dlkata.cli.moving import house_of
    from dlkata.progress.day import study_day
    from dlkata.study.moving import import_house

    done = import_house(house_of(app), file, study_day(now(), app.pace.ends))
    if as_json:
        print_json(
            {
                "added": done.merged.added,
                "known": done.merged.known,
                "attempts": [str(placed.file) for placed in done.attempts],
                "settings": done.settings,
                "backup": str(done.backup) if done.backup else None,
            }
        )
        return
    for line in _told(done):
        click.echo(line)


def _told(done: "Imported") -> list[str]:
    added, known = done.merged.added, done.merged.known
    if not any(added.values()) and not done.attempts and not done.settings:
        return [_("All of it was here already: nothing changed.")]
    lines = []
    if added["events"] or added["answers"]:
        lines.append(
            _(
                "Imported: events {events}, answers {answers}.",
                events=added["events"],
                answers=added["answers"],
            )
        )
    if also := [_(name) for table, name in BESIDES.items() if added[table]]:
        lines.append(_("Also: {things}.", things=", ".join(also)))
    if again := known["events"] + known["answers"]:
        lines.append(_("Here already: {count}.", count=again))
    for placed in done.attempts:
        lines.append(_("Attempt: {file}", file=placed.file))
        if placed.aside is not None:
            lines.append("  " + _("It is newer than yours, which is kept as {copy}.", copy=placed.aside.name))
    lines += [_("Setting: {name} = {value}", name=name, value=value) for name, value in done.settings.items()]
    if done.backup is not None:
        lines.append(_("Your record as it was before: {file}", file=done.backup))
    return lines
