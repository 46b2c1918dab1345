"""`dlkata check [NAME|FILE]`"""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dlkata.cli.app import KATA, App
from dlkata.cli.check_all import check_all
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json, print_lines
from dlkata.cli.remember import meaning_of, remember_check
from dlkata.cli.target import resolve
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.locale import N_
from dlkata.progress.settings import DEVICES
from dlkata.progress.workspace import read_attempt
from dlkata.ui.screen import console

SANDBOX_HELP = N_("Shut the attempt in: no network, no sight of your files (Linux, bubblewrap).")

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlkata.cli.report import Report
    from dlkata.grading.client import Sandbox


@click.command(
    cls=LocalCommand,
    help=N_(
        """Grade an attempt: a kata's name, a Python file, or nothing for the kata you last worked on.

        Exit code 0: passed. 1: not passed. 2: used wrongly. 3: dlkata itself failed.
        """
    ),
)
@click.argument("target", required=False, metavar="[NAME|FILE]", shell_complete=KATA.shell_complete)
@option("--as", "kata_name", metavar="NAME", help=N_("The kata that a FILE is an attempt at."))
@option(
    "--device",
    type=click.Choice(DEVICES),
    help=N_("Where to run it; `auto` takes a GPU if there is one. [default: cpu]"),
)
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@option("--all", "everything", is_flag=True, help=N_("Check every kata you have started, side by side."))
@option("--all-failures", is_flag=True, help=N_("Explain every failing test, not the most telling three."))
@option("--fail-fast", is_flag=True, help=N_("Stop at the first failing test; no diagnosis."))
@option("--sandbox", is_flag=True, help=SANDBOX_HELP)
@option("--debug", is_flag=True, help=N_("Run in the foreground, unjudged: breakpoint() and print work."))
@click.pass_context
def command(
    context: click.Context,
    target: str | None,
    kata_name: str | None,
    device: str | None,
    as_json: bool,
    everything: bool,
    all_failures: bool,
    fail_fast: bool,
    sandbox: bool,
    debug: bool,
) -> None:
    app: App = context.obj
    if everything:
        context.exit(0 if check_all(app, app.device(device), as_json, sandbox) else 1)
    kata, file = resolve(app, target, kata_name)
    chosen = app.device(device)
    source = _source(app, kata, file)
    again = shlex.join([*([target] if target else []), *(["--as", kata_name] if kata_name else [])])

    def report() -> "Report":
        from dlkata.cli.report import Report

        return Report(
            kata, file, source, chosen, app.run, quiet=as_json, again=again, all_failures=all_failures
        )

    if debug:
        passed = _debug(kata, report())
    else:
        passed = _check(app, kata, file, source, chosen, report, fail_fast, app.sandbox(sandbox))
    context.exit(0 if passed else 1)


def grade(app: App, kata: Kata, file: Path, *, quiet: bool = False) -> bool:
    """As `check` without options does: shown, unless `quiet`, and recorded."""
    from dlkata.cli.report import Report

    source, device = _source(app, kata, file), app.device(None)

    def report() -> "Report":
        return Report(kata, file, source, device, app.run, quiet=quiet)

    graded = _graded(app, kata, file, source, device, report, False, app.sandbox(False))
    if not quiet:
        print_lines(graded.closing(console().width))
    return graded.passed


def _source(app: App, kata: Kata, file: Path) -> str:
    try:
        return read_attempt(file)
    except DlkataError as error:
        error.exit_code = 1
        raise


def _check(
    app: App, kata: Kata, file: Path, source: str, device: str, report_of: "Callable[[], Report]",
    fail_fast: bool, sandbox: "Sandbox | None",
) -> bool:  # fmt: skip
    from dlkata.cli.running import left_as_json, left_of_interview

    report = _graded(app, kata, file, source, device, report_of, fail_fast, sandbox)
    if report.quiet:
        from dlkata.ui.passing import passing_as_json

        told = {"interview": left} if (left := left_as_json(app)) else {}
        told |= {"pass": passing_as_json(meaning_of(app, kata))} if report.passed else {}
        print_json(report.as_json() | told)
        return report.passed
    print_lines(report.closing(console().width))
    left_lines = left_of_interview(app, console().width)
    print_lines(left_lines)
    if report.passed and not left_lines:  # an interview asks the follow-ups itself
        from dlkata.ui.passing import passing_lines

        print_lines(passing_lines(meaning_of(app, kata), app.run, console().width))
    return report.passed


def _graded(
    app: App, kata: Kata, file: Path, source: str, device: str, report_of: "Callable[[], Report]",
    fail_fast: bool, sandbox: "Sandbox | None",
) -> "Report":  # fmt: skip
    from dlkata.grading.client import events, nearest
    from dlkata.grading.protocol import Check
    from dlkata.grading.reading import obstacle
    from dlkata.progress.places import data_folder

    if (known := obstacle(source, str(file), kata.stub)) is not None:
        report = report_of()
        report.hear(known)
    else:
        check = Check(
            root=str(kata.root), stem=kata.stem, attempt=str(file), source=source, device=device,
            fail_fast=fail_fast, private=[str(data_folder())], repeated=True,
        )  # fmt: skip
        with nearest(sandbox, app.linger(sandbox)) as line:
            report = report_of()  # what draws is imported while the host imports torch
            for event in events(line, check):
                report.hear(event)
    if report.unusable_device:
        raise click.UsageError(report.unusable_device)
    # The record first: whatever becomes of the terminal, what was computed is not lost.
    remember_check(app, kata, source, device, report.results, report.verdict, report.problem)
    return report


def _debug(kata: Kata, report: "Report") -> bool:
    from dlkata.grading.client import events, foreground
    from dlkata.grading.protocol import Check

    check = Check(
        root=str(kata.root),
        stem=kata.stem,
        attempt=str(report.file),
        source=report.source,
        device=report.device,
    )
    if os.environ.get("PYTHONBREAKPOINT") == "0":
        del os.environ["PYTHONBREAKPOINT"]  # who asks for --debug wants to stop at breakpoints
    report.quiet = False
    with foreground() as line:
        for event in events(line, check):
            report.hear(event)
    if report.unusable_device:
        raise click.UsageError(report.unusable_device)
    print_lines(report.debug_closing(console().width))
    return report.passed
