"""`dlkata browse [WORDS]`"""

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from dlkata.cli.app import TOPIC, App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json, print_lines
from dlkata.content.library import Topic
from dlkata.locale import N_, _
from dlkata.ui.screen import console, interactive, speaks_ascii

if TYPE_CHECKING:
    from dlkata.cli.shelf import Shelf
    from dlkata.study.catalogue import Wish

SORTS, MARKS = ("kata", "concept", "question", "path"), ("new", "learning", "known")


@click.command(
    cls=LocalCommand,
    help=N_(
        """Everything there is in one list: katas, concepts, paths, and the questions you have met.

        Type to search, in both languages; filter by topic, level and status; bookmark, write a note, open and
        read. In a pipe, or with --plain: a plain list of what WORDS and the filters leave.

        \b
        dlkata browse
        dlkata browse kv cache
        dlkata browse --kind kata --level 2 --status new
        dlkata browse --bookmarks --json
        """
    ),
)
@click.argument("words", nargs=-1)
@option("--topic", type=TOPIC, help=N_("Only this topic."))
@option("--level", type=click.IntRange(1, 3), help=N_("Only katas and questions of this level."))
@option("--status", type=click.Choice(MARKS), help=N_("Only what you know, are learning, or have not met."))
@option("--kind", type=click.Choice(SORTS), help=N_("Only entries of this kind."))
@option("--bookmarks", is_flag=True, help=N_("Only what you have bookmarked."))
@option("--plain", is_flag=True, help=N_("A plain list, without a screen of its own."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_context
def command(
    context: click.Context,
    words: tuple[str, ...],
    topic: Topic | None,
    level: int | None,
    status: str | None,
    kind: str | None,
    bookmarks: bool,
    plain: bool,
    as_json: bool,
) -> None:
    from dlkata.cli.shelf import Shelf
    from dlkata.study.catalogue import Sort, Wish
    from dlkata.study.mastery import Mark

    app = context.find_object(App)
    assert app is not None
    shelf = Shelf(app)
    wish = Wish(
        " ".join(words), Sort(kind) if kind else None, topic.name if topic else None, level,
        Mark(status) if status else None, bookmarks,
    )  # fmt: skip
    if as_json:
        from dlkata.ui.catalogue import entry_as_json

        found = shelf.catalogue.find(wish)
        print_json([entry_as_json(entry, shelf.catalogue.remark(entry)) for entry in found])
    elif not interactive():
        _print(shelf, wish)
    elif plain or not _has_screen():
        from dlkata.cli.plain_browser import browse_plainly

        browse_plainly(shelf, wish, advise=not plain)
    else:
        from dlkata.cli.browser import browse

        practice = browse(shelf, wish)
        if practice:
            _go_on(context, practice)


def _has_screen() -> bool:
    """Whether the browser can be shown: Textual is an extra, and a dumb terminal has no cursor."""
    if console().is_dumb_terminal or speaks_ascii(sys.stdout):
        return False
    return find_spec("textual") is not None


def _print(shelf: "Shelf", wish: "Wish") -> None:
    from dlkata.ui.catalogue import rows

    found = shelf.catalogue.find(wish)
    print_lines(rows(shelf.catalogue, found, None))
    if not found:
        click.echo(_("Nothing fits. Fewer words or filters find more."), err=True)


def _go_on(context: click.Context, arguments: list[str]) -> None:
    """Runs another command of ours, as if it had been typed."""
    group = context.parent.command if context.parent else None
    assert isinstance(group, click.Group) and context.parent is not None
    chosen = group.get_command(context.parent, arguments[0])
    assert chosen is not None
    with chosen.make_context(arguments[0], arguments[1:], parent=context.parent) as inner:
        chosen.invoke(inner)
