"""Which mutants of a reference its suite lets live, and which of those the author has explained."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from dlkata.author.mutation import Mutant, means, mutants
from dlkata.author.proof import Graded, check_of, grade
from dlkata.content.kata import Kata
from dlkata.content.solution import Equivalent
from dlkata.errors import DlkataError
from dlkata.grading.wire import Line
from dlkata.locale import _

SEEDS = (0, 1, 2)  # who passes the first is asked again
OpenLine = Callable[[], Line]
# A verdict is enough: nobody reads why.
UNEXPLAINED = {"confirm": False, "diagnose": False, "locate": False}


@dataclass(frozen=True)
class Stale:
    """A listed equivalent that is none (any more)."""

    entry: Equivalent
    reason: str


@dataclass
class Survival:
    """How the mutants of one kata fared."""

    kata: Kata
    total: int
    killed: dict[str, int] = field(default_factory=dict)  # by what: a test, "timeout", …
    explained: list[Mutant] = field(default_factory=list)
    survivors: list[Mutant] = field(default_factory=list)
    stale: list[Stale] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Nothing is left to explain."""
        return not self.survivors and not self.stale


def survival(kata: Kata, open_line: OpenLine, workers: int) -> Survival:
    """Runs every mutant of the kata's reference, side by side; it trains only those that every quick test lets pass."""
    found = mutants(kata.reference)
    _must_pass(kata, open_line)
    parts = [[m.source for m in found[first::workers]] for first in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        fates = list(pool.map(lambda part: _fates(kata, part, open_line), parts))
        by = [fates[number % workers][number // workers] for number in range(len(found))]
        killers = list(
            pool.map(
                lambda pair: pair[1] or trained_killer(kata, pair[0], open_line), zip(found, by, strict=True)
            )
        )
    report = Survival(kata, len(found))
    for mutant, killer in zip(found, killers, strict=True):
        if killer is not None:
            report.killed[killer] = report.killed.get(killer, 0) + 1
        elif any(means(entry, mutant, kata.reference) for entry in kata.solution.equivalents):
            report.explained.append(mutant)
        else:
            report.survivors.append(mutant)
    report.stale = list(_stale(kata, list(zip(found, killers, strict=True))))
    return report


def _fates(kata: Kata, sources: list[str], open_line: OpenLine) -> list[str]:
    """For each source what turns it away first in the quick tests, "" if nothing does."""
    if not sources:
        return []
    return grade(open_line(), check_of(kata, "", "mutants", sources=sources, seeds=list(SEEDS))).fates


def _stale(kata: Kata, fates: Sequence[tuple[Mutant, str | None]]) -> Iterator[Stale]:
    for entry in kata.solution.equivalents:
        killers = [by for mutant, by in fates if means(entry, mutant, kata.reference)]
        if not killers:
            yield Stale(entry, _("there is no such mutant"))
        elif None not in killers:
            yield Stale(entry, _("{test} rejects it", test=killers[0]))


def trained_killer(kata: Kata, mutant: Mutant, open_line: OpenLine) -> str | None:
    """What rejects a mutant that the quick tests let live; None if it lives on."""
    graded = grade(open_line(), check_of(kata, mutant.source, "mutant", fail_fast=True, **UNEXPLAINED))
    return None if graded.passed else _first(graded)


def _first(graded: Graded) -> str:
    return graded.problem.kind if graded.problem is not None else next(iter(graded.failed), "bans")


def _must_pass(kata: Kata, open_line: OpenLine) -> None:
    graded = grade(open_line(), check_of(kata, kata.reference, "reference", **UNEXPLAINED))
    if not graded.passed:
        raise DlkataError(
            _("{name}: the reference itself does not pass ({test}).", name=kata.name, test=_first(graded)),
            _("Mend that first: dlkata author check {name}", name=kata.typed),
        )
