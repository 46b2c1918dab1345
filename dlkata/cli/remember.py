"""Writes a finished check into the record: the same for `check`, `check --all` and `watch`."""

from collections.abc import Sequence

from dlkata.cli.app import App
from dlkata.content.kata import Kata
from dlkata.grading.protocol import Problem, Result, Verdict
from dlkata.progress.record import Kind


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
