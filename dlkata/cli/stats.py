"""`dlkata stats [TOPIC…]`"""

import sys
from typing import TYPE_CHECKING

import click

from dlkata.cli.app import TOPIC, App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json, print_lines
from dlkata.locale import N_
from dlkata.ui.screen import console, speaks_ascii

if TYPE_CHECKING:
    from dlkata.content.library import Topic
    from dlkata.study.statistics import Statistics


@click.command(
    cls=LocalCommand,
    help=N_(
        """What you know by now, what you did, what comes, and what to repair.

        A question counts as known once you have known it on different days: by the schedule you would still know it
        in a week. A concept is known when most of its questions are; a kata that you passed speaks for its concepts.
        With time, and with every miss, it counts for less.

        With TOPIC: each of its concepts.
        """
    ),
)
@click.argument("topics", type=TOPIC, nargs=-1, metavar="[TOPIC]...")
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, topics: "tuple[Topic, ...]", as_json: bool) -> None:
    from dlkata.ui.stats import overview, topic_pages
    from dlkata.ui.stats_json import stats_as_json

    stats = collect(app)
    if as_json:
        print_json(stats_as_json(stats, [topic.name for topic in topics]))
    elif topics:
        print_lines(topic_pages(stats, [topic.name for topic in topics], app.run, console().width))
    else:
        print_lines(overview(stats, app.run, console().width, ascii_only=speaks_ascii(sys.stdout)))


def collect(app: App) -> "Statistics":
    from dlkata.study.statistics import statistics

    _today = app.today  # katas that were solved before there were cards get theirs
    standing = app.standing
    return statistics(app.mastery(), app.record, set(standing.passed), set(standing.begun))
