"""`dlkata author prove [NAME…]`"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dlkata.cli.app import App
from dlkata.cli.author.check import complete_name
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.locale import N_, _

if TYPE_CHECKING:
    from dlkata.author.proving import Outcome, Topic


class Report:
    """What was proved and what was not, told as it is found."""

    def __init__(self, *, quiet: bool):
        self.quiet = quiet
        self.outcomes: list[tuple[str, Outcome]] = []

    def add(self, kind: str, outcome: "Outcome") -> None:
        self.outcomes.append((kind, outcome))
        if self.quiet:
            return
        for complaint in outcome.complaints:
            click.echo(f"✗ {outcome.name}: {complaint}")
        if not outcome.complaints:
            figures = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in outcome.figures.items())
            click.echo(f"✓ {outcome.name}: {figures}")


@click.command(
    cls=LocalCommand,
    help=N_(
        """Prove content in full and write its certificates, which `make test` goes by.

        NAME is a kata, a concept or a topic; without one, whatever has no valid certificate. A kata: everything that
        `author check` does, every mutant, every right and wrong attempt. A concept: its page, its evidence over its
        draws, its experiment. What passes gets a certificate in tests/proofs; it holds until a byte changes of what
        the proof depends on. Where only the code that names mistakes or a wrong attempt has changed, only the names
        are proved anew.
        """
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_name)
@option("--all", "everything", is_flag=True, help=N_("Also what has a valid certificate."))
@option("--katas", "only_katas", is_flag=True, help=N_("Only the katas."))
@option("--concepts", "only_concepts", is_flag=True, help=N_("Only the concepts and their questions."))
@option("--stale", "only_list", is_flag=True, help=N_("Prove nothing: list what has no valid certificate."))
@option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count,
    help=N_("How many run side by side. [default: one a core]"),
)
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_context
def command(
    context: click.Context, names: tuple[str, ...], everything: bool, only_katas: bool, only_concepts: bool,
    only_list: bool, workers: int, as_json: bool,
) -> None:  # fmt: skip
    from dlkata.author.proving import kata_complaint, topics

    app: App = context.obj
    wanted = {name.replace("-", "_").lower() for name in names}
    katas = [] if only_concepts else [k for k in app.library.katas if not wanted or k.name in wanted]
    chosen: list[tuple[Topic, list[str] | None]] = []
    for topic in [] if only_katas else topics(app.library):
        mine = [
            concept.name for concept in topic.concepts if not wanted or {concept.name, topic.name} & wanted
        ]
        if mine:
            chosen.append((topic, mine if wanted or everything else None))
    _all_known(app, wanted)
    if only_list or not (wanted or everything):
        katas = [kata for kata in katas if kata_complaint(kata)]
        chosen = [(topic, again) for topic, again in chosen if topic.complaint()]
    if only_list:
        _list(katas, [topic for topic, _again in chosen], as_json)
        context.exit(1 if katas or chosen else 0)
    report = Report(quiet=as_json)
    _prove(app, katas, chosen, workers, report, everything=everything)
    if as_json:
        print_json(
            [
                {kind: one.name, "figures": one.figures, "complaints": one.complaints}
                for kind, one in report.outcomes
            ]
        )
    elif not report.outcomes:
        click.echo(_("Every certificate holds."))
    context.exit(1 if any(one.complaints for _kind, one in report.outcomes) else 0)


def _all_known(app: App, wanted: set[str]) -> None:
    known = {
        *app.library.kata_names,
        *app.library.concept_names,
        *(topic.name for topic in app.library.topics),
    }
    for name in sorted(wanted - known):
        raise DlkataError(
            _("There is no kata, concept or topic `{name}`.", name=name),
            _("`dlkata list` and `dlkata why` show what there is."),
        )


def _list(katas: Sequence[Kata], stale: "Sequence[Topic]", as_json: bool) -> None:
    from dlkata.author.proving import kata_complaint

    found = {kata.name: kata_complaint(kata) or "" for kata in katas}
    found |= {topic.name: topic.complaint() or "" for topic in stale}
    if as_json:
        print_json(found)
        return
    for name, complaint in found.items():
        click.echo(f"✗ {name}: {complaint}")
    if not found:
        click.echo(_("Every certificate holds."))


def _prove(
    app: App, katas: Sequence[Kata], chosen: "Sequence[tuple[Topic, list[str] | None]]", workers: int, report: Report,
    *, everything: bool,
) -> None:  # fmt: skip
    from dlkata.author.proving import prove_stale_kata, prove_topic, prove_whole_kata
    from dlkata.grading.client import warm
    from dlkata.laboratory.bench import laboratory

    if chosen:
        with laboratory(patience=10) as bench:
            bench.printed("import torch, torch._dynamo")  # so that no claim is charged for it
            for topic, again in chosen:
                for outcome in prove_topic(topic, app.library, bench, again):
                    report.add("concept", outcome)
    if katas:
        with warm() as open_line:
            prove = prove_whole_kata if everything else prove_stale_kata
            for kata in katas:
                report.add("kata", prove(kata, app.library, open_line, workers))
