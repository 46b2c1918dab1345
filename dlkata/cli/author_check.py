"""`dlkata author check [NAME…]`"""

import os

import click

from dlkata.cli.app import KATA, App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.content.kata import Kata
from dlkata.locale import N_, _


@click.command(
    cls=LocalCommand,
    help=N_(
        """Prove katas (all, if none is named).

        Reads the files, then runs: the reference passes under several seeds, the stub fails, every bug is rejected
        by a quick test and named by the diagnosis as itself and nothing else. In a checkout, so do the attempts in
        tests/right and tests/wrong.
        """
    ),
)
@click.argument("katas", type=KATA, nargs=-1, metavar="[NAME]...")
@option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count,
    help=N_("How many run side by side. [default: one a core]"),
)
@option("--verbose", "-v", is_flag=True, help=N_("Show what holds, too."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_context
def command(
    context: click.Context, katas: tuple[Kata, ...], workers: int, verbose: bool, as_json: bool
) -> None:
    from dlkata.author.inspection import inspect
    from dlkata.author.proof import claims, prove, wrong_claims
    from dlkata.grading.client import warm

    app: App = context.obj
    chosen = list(katas) or app.library.katas
    complaints: dict[str, list[str]] = {kata.name: inspect(kata, app.library) for kata in chosen}
    held: dict[str, int] = dict.fromkeys(complaints, 0)
    runnable = [kata for kata in chosen if not complaints[kata.name]]
    if not as_json:
        for kata in chosen:
            for complaint in complaints[kata.name]:
                click.echo(f"✗ {kata.name}: {complaint}")
    owned = [(kata.name, claim) for kata in runnable for claim in (*claims(kata), *wrong_claims(kata))]
    with warm() as open_line:
        proofs = prove([claim for _name, claim in owned], open_line, workers)
        for (name, _claim), (claim, _graded, broken) in zip(owned, proofs, strict=True):
            if broken is None:
                held[name] += claim.count
            else:
                complaints[name].append(f"{claim.label} {broken}")
            if not as_json and (broken is not None or verbose):
                click.echo(f"{'✓' if broken is None else '✗'} {name}: {claim.label} {broken or ''}".rstrip())
    if as_json:
        print_json(
            [{"kata": name, "proved": held[name], "complaints": texts} for name, texts in complaints.items()]
        )
    else:
        for name, texts in complaints.items():
            if not texts:
                click.echo(_("✓ {name}: {count} claims hold", name=name, count=held[name]))
    context.exit(1 if any(complaints.values()) else 0)
