"""`dlkata export FILE`, `--git DIR`, `--anki FILE`"""

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

        `dlkata import` takes the file over there. Settings that name a folder, a command or a device of this machine
        stay here.

        --git: what you solved as a repository, a commit a kata, on the day you solved it; exported again it gets what
        is new. --anki: every question as a card for Anki, a deck a topic; imported again, cards are brought up to
        date and keep their schedule there.

        \b
        dlkata export moving.zip
        dlkata export --git ~/katas
        dlkata export --anki dlkata.apkg
        """
    ),
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@option(
    "--git",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help=N_("Solved katas as a repository, ready to push."),
)
@option(
    "--anki",
    type=click.Path(path_type=Path),
    metavar="FILE.apkg",
    help=N_("All questions as cards for Anki."),
)
@option("--force", is_flag=True, help=N_("Replace a file that is there already."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(
    app: App, file: Path | None, git: Path | None, anki: Path | None, force: bool, as_json: bool
) -> None:
    if sum(target is not None for target in (file, git, anki)) != 1:
        raise click.UsageError(_("Name one thing to write: a FILE, --git DIR, or --anki FILE.apkg."))
    if file is not None:
        _export_all(app, file, force, as_json)
    elif git is not None:
        _export_to_git(app, git, as_json)
    elif anki is not None:
        _export_to_anki(app, anki, force, as_json)


def _export_all(app: App, file: Path, force: bool, as_json: bool) -> None:
    from dlkata.cli.moving import house_of
    from dlkata.progress.writing import free_for
    from dlkata.study.moving import export_house

    target = free_for(file, replace=force)
    done = export_house(house_of(app), target, now())
    left_out = [str(left) for left in done.left_out]
    if as_json:
        figures = {"bytes": done.size, **done.rows, "attempts": done.attempts, "left_out": left_out}
        print_json({"file": str(done.file), **figures})
        return
    click.echo(_("Exported to {file} ({size}).", file=done.file, size=_size(done.size)))
    click.echo(
        _("In it: your record (events {events}, answers {answers}), attempts {attempts}, your settings.",
          events=done.rows["events"], answers=done.rows["answers"], attempts=done.attempts)
    )  # fmt: skip
    for left in left_out:
        click.echo(_("Left out: {file} is larger than an attempt can be.", file=left))
    click.echo(_("On the other machine: {command}", command=f"dlkata import {done.file.name}"))


def _export_to_git(app: App, folder: Path, as_json: bool) -> None:
    from dlkata.cli.moving import house_of
    from dlkata.cli.portfolio import export_to_git

    done = export_to_git(house_of(app), folder)
    if as_json:
        print_json({"folder": str(done.folder), "new": done.new, "katas": done.all})
    elif not done.new:
        click.echo(
            _("{folder} has all {count} katas you solved: nothing new.", folder=done.folder, count=done.all)
        )
    else:
        click.echo(_("Written to {folder}: {names}.", folder=done.folder, names=", ".join(done.new)))
        click.echo(_("Look: {command}", command=f"git -C {done.folder} log --stat"))


def _export_to_anki(app: App, file: Path, force: bool, as_json: bool) -> None:
    from dlkata.cli.flashcards import export_to_anki
    from dlkata.progress.writing import free_for

    done = export_to_anki(app, free_for(file, replace=force))
    if as_json:
        print_json({"file": str(done.file), "notes": done.notes, "decks": done.decks})
    else:
        click.echo(
            _(
                "Written to {file}: {notes} cards in {decks} decks.",
                file=done.file,
                notes=done.notes,
                decks=done.decks,
            )
        )
        click.echo(_("In Anki: File, Import."))


def _size(size: int) -> str:
    return f"{size / 1024:.0f} KiB" if size < 1 << 20 else f"{size / (1 << 20):.1f} MiB"
