"""Writes a finished check into the record: the same for `check`, `check --all` and `watch`; what a pass means."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlkata.cli.app import App
from dlkata.content.kata import Kata
from dlkata.grading.protocol import Problem, Result, Verdict
from dlkata.progress.record import Kind

if TYPE_CHECKING:
    from dlkata.study.passing import Passing


def remember_check(
    app: App,
    kata: Kata,
    source: str,
    device: str,
    results: Sequence[Result],
    verdict: Verdict | None,
    problem: Problem | None,
) -> None:
    passed = verdict is not None and verdict.passed
    app.remember(
        Kind.CHECKED,
        kata,
        passed=passed,
        source=source,
        device=device,
        seconds=round(sum(result.seconds for result in results), 3),
        problem=problem.kind if problem else None,
        outcomes={result.name: [result.outcome.value, round(result.seconds, 4)] for result in results},
        bugs=verdict.bugs if verdict else [],
    )
    if passed:
        app.follow(kata)


def meaning_of(app: App, kata: Kata) -> "Passing":
    """Of a pass that was recorded just now."""
    from dlkata.study.passing import passing

    return passing(kata, app.record, app.mastery(), app.standing)
