"""`dlkata stats [TOPIC…]`"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlkata.cli.app import TOPIC, App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.cli.pager import show_lines
from dlkata.locale import N_, _
from dlkata.ui.screen import speaks_ascii

if TYPE_CHECKING:
    from dlkata.content.library import Topic
    from dlkata.study.statistics import Statistics


@click.command(
    cls=LocalCommand,
    help=N_(
        """What you know by now, what you did, what comes, and what to repair.

        A question counts as known once you have known it on different days: by the schedule you would still know it
        in a week. A concept is known when two of its questions are, and two thirds of those you met; a kata that you
        passed counts as one. With time, and with every miss, what you know counts for less.

        With TOPIC: each of its concepts. --html: all of it on one page for a browser, which can be sent on.

        \b
        dlkata stats
        dlkata stats attention
        dlkata stats --html progress.html
        """
    ),
)
@click.argument("topics", type=TOPIC, nargs=-1, metavar="[TOPIC]...")
@option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=N_("Write it as one page for a browser, with charts."),
)
@option("--force", is_flag=True, help=N_("Replace a file that is there already."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, topics: "tuple[Topic, ...]", html: Path | None, force: bool, as_json: bool) -> None:
    if html is not None:
        if topics:
            raise click.UsageError(_("--html writes of all topics: name none."))
        _write(app, html, force, as_json)
        return
    from dlkata.ui.stats import overview, topic_pages
    from dlkata.ui.stats_json import stats_as_json

    stats = collect(app)
    if as_json:
        print_json(stats_as_json(stats, [topic.name for topic in topics]))
        return
    names, ascii_only = [topic.name for topic in topics], speaks_ascii(sys.stdout)
    if names:
        show_lines(lambda width: topic_pages(stats, names, width))
    else:
        show_lines(lambda width: overview(stats, app.run, width, ascii_only=ascii_only))


def _write(app: App, target: Path, force: bool, as_json: bool) -> None:
    from dlkata.progress.writing import free_for, written
    from dlkata.ui.stats_page import stats_page

    file = free_for(target, replace=force)
    stats = collect(app)
    page = stats_page(stats, [app.library.concept(row.entry.name) for row in stats.weakest])
    with written(file) as beside:
        beside.write_text(page, encoding="utf-8")
    if as_json:
        print_json({"file": str(file), "bytes": len(page.encode())})
    else:
        click.echo(_("Written: {file}. Open it in a browser; it asks for nothing from outside.", file=file))


def collect(app: App) -> "Statistics":
    from dlkata.study.statistics import statistics

    _today = app.today  # katas that were solved before there were cards get theirs
    standing = app.standing
    return statistics(app.mastery(), app.record, set(standing.passed), set(standing.begun))
