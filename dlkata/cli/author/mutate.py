"""`dlkata author mutate [NAME…]`"""

import os
from typing import Any

import click

from dlkata.author.survival import Survival, survival
from dlkata.cli.app import KATA, App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.content.kata import Kata
from dlkata.locale import N_, _


@click.command(
    cls=LocalCommand,
    help=N_(
        """Show which mechanical mistakes the suites of katas (all, if none is named) let pass.

        Changes the reference in one place after the other: operators, constants, axes, arguments, names, statements.
        A mutant that a test rejects is killed, so is one that crashes or hangs. Each survivor wants a better test or,
        where it is right too, an entry under [[equivalents]] in solutions/NAME.toml that says why.
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
@option("--toml", "as_toml", is_flag=True, help=N_("Print survivors as entries to paste, each with a TODO."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_context
def command(
    context: click.Context, katas: tuple[Kata, ...], workers: int, as_toml: bool, as_json: bool
) -> None:
    from dlkata.grading.client import warm

    app: App = context.obj
    reports = []
    with warm() as open_line:
        for kata in list(katas) or app.library.katas:
            report = survival(kata, open_line, workers)
            reports.append(report)
            if not as_json:
                click.echo("\n".join(entries(report) if as_toml else told(report)))
    if as_json:
        print_json([_summary(report) for report in reports])
    context.exit(0 if all(report.complete for report in reports) else 1)


def told(report: Survival) -> list[str]:
    lines = []
    for mutant in report.survivors:
        where = f"{report.kata.reference_file}:{mutant.line}"
        lines.append(_("✗ {where}: no test rejects this", where=f"{where} {mutant.scope}".rstrip()))
        lines += [f"    - {line}" for line in mutant.before.split("\n")]
        lines += [f"    + {line}" for line in mutant.after.split("\n")]
    for stale in report.stale:
        place = f"{report.kata.solution_file}: `{stale.entry.line}` → `{stale.entry.becomes}`"
        lines.append(_("✗ {where}: not equivalent: {reason}", where=place, reason=stale.reason))
    lines.append(
        _(
            "{mark} {name}: {mutants} mutants, {killed} killed, {explained} explained, {unexplained} unexplained",
            mark="✓" if report.complete else "✗",
            name=report.kata.name,
            mutants=report.total,
            killed=sum(report.killed.values()),
            explained=len(report.explained),
            unexplained=len(report.survivors),
        )
    )
    return lines


def entries(report: Survival) -> list[str]:
    """Ready to paste into solutions/NAME.toml."""
    lines = []
    for mutant in report.survivors:
        lines += [
            "[[equivalents]]",
            f"line = {_quoted(mutant.before)}",
            f"becomes = {_quoted(mutant.after)}",
            f"within = {_quoted(mutant.scope)}",
            "why = 'TODO'",
            "",
        ]
    return lines


def _quoted(text: str) -> str:
    return f"'''{text}'''" if "'" in text or "\n" in text else f"'{text}'"


def _summary(report: Survival) -> dict[str, Any]:
    return {
        "kata": report.kata.name,
        "mutants": report.total,
        "killed": report.killed,
        "explained": len(report.explained),
        "unexplained": [
            {"line": m.line, "within": m.scope, "before": m.before, "after": m.after}
            for m in report.survivors
        ],
        "stale": [
            {"line": stale.entry.line, "becomes": stale.entry.becomes, "reason": stale.reason}
            for stale in report.stale
        ],
    }
