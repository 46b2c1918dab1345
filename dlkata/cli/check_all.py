"""`dlkata check --all`: every kata that was started, side by side."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import click

from dlkata.cli.app import App
from dlkata.cli.output import print_json
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.locale import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlkata.cli.report import Report
    from dlkata.grading.wire import Line


UNREADABLE = "unreadable"


def check_all(app: App, device: str, as_json: bool, sandbox: bool) -> bool:
    """Whether every started kata passes; each is reported, in learning order, as soon as it and those before it are."""
    from dlkata.cli.remember import remember_check
    from dlkata.grading.client import warm

    started = [kata for kata in app.library.katas if kata.name in app.standing.begun]
    if not started:
        raise DlkataError(
            _("You have not started a kata yet."),
            _("`{command}` shows what there is.", command=f"{app.run} list"),
        )
    reports = []
    with warm(sandbox=app.sandbox(sandbox)) as open_line, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for report in pool.map(lambda kata: _check(app, kata, device, open_line), started):
            reports.append(report)
            if report.problem is None or report.problem.kind != UNREADABLE:
                remember_check(
                    app, report.kata, report.source, device, report.results, report.verdict, report.problem
                )
            if not as_json:
                click.echo(_line(report))
    if as_json:
        print_json([report.as_json() for report in reports])
    return all(report.passed for report in reports)


def _check(app: App, kata: Kata, device: str, open_line: "Callable[[], Line]") -> "Report":
    from dlkata.cli.report import Report
    from dlkata.grading.client import events
    from dlkata.grading.protocol import Check, Problem
    from dlkata.progress.places import data_folder
    from dlkata.progress.workspace import read_attempt

    file = app.workspace.file(kata.name)
    try:
        source = read_attempt(file)
    except DlkataError as error:  # the others are graded all the same
        report = Report(kata, file, "", device, app.run, quiet=True)
        report.hear(Problem(kind=UNREADABLE, text=f"{error.message} {error.remedy}".strip()))
        return report
    report = Report(kata, file, source, device, app.run, quiet=True)
    check = Check(
        root=str(kata.root), stem=kata.stem, attempt=str(file), source=source, device=device,
        private=[str(data_folder())],
    )  # fmt: skip
    line = open_line()
    for event in events(line, check):
        report.hear(event)
    line.close()
    return report


def _line(report: "Report") -> str:
    from dlkata.grading.protocol import Outcome

    name = report.kata.typed
    if report.passed:
        return f"✓ {name}"
    if report.problem is not None:
        answer = report.as_json()["problem"]["message"]
        return f"✗ {name}: {answer}"
    right = sum(result.outcome == Outcome.PASSED for result in report.results)
    count = _("{passed} of {count} tests pass", passed=right, count=len(report.results))
    return f"✗ {name}: {count}"
