"""`dlkata list [TOPIC]`"""

import click
from click.shell_completion import CompletionItem

from dlkata.cli.app import App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json, print_lines
from dlkata.locale import N_
from dlkata.ui.screen import console


def complete_topic(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from dlkata.content.library import Library

    library = Library()
    holding = {kata.head.topic for kata in library.katas}
    topics = [topic for topic in library.topics if topic.name in holding]
    return [CompletionItem(t.name, help=t.title) for t in topics if t.name.startswith(incomplete)]


@click.command(
    cls=LocalCommand, help=N_("Katas by topic, in learning order, with level, minutes and your status.")
)
@click.argument("topic", required=False, shell_complete=complete_topic)
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, topic: str | None, as_json: bool) -> None:
    from dlkata.ui.listing import listing, listing_as_json, nothing_on

    katas = app.library.katas
    chosen = None if topic is None else app.library.topic(topic)
    if chosen is not None:
        katas = [kata for kata in katas if kata.head.topic == chosen.name]
    if as_json:
        print_json(listing_as_json(app.standing, katas))
    elif chosen is not None and not katas:
        print_lines(nothing_on(chosen, app.library.katas, console().width))
    else:
        print_lines(listing(app.standing, app.library.topics, katas, console().width))
