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
PATIENCE = 5.0  # seconds of silence after which a mutant hangs, at least;
SLOWER = 10  # a mutant may be this many times slower than the reference
OpenLine = Callable[[], Line]
# A verdict is enough: nobody reads why.
UNEXPLAINED = {"confirm": False, "diagnose": False, "trail": False}


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
    """Runs every mutant of the kata's reference, side by side."""
    found = mutants(kata.reference)
    patience = _patience(kata, open_line)
    with ThreadPoolExecutor(workers) as pool:
        killers = list(pool.map(lambda mutant: killer(kata, mutant, open_line, patience), found))
    report = Survival(kata, len(found))
    for mutant, by in zip(found, killers, strict=True):
        if by is not None:
            report.killed[by] = report.killed.get(by, 0) + 1
        elif any(means(entry, mutant, kata.reference) for entry in kata.solution.equivalents):
            report.explained.append(mutant)
        else:
            report.survivors.append(mutant)
    report.stale = list(_stale(kata, list(zip(found, killers, strict=True))))
    return report


def _stale(kata: Kata, fates: Sequence[tuple[Mutant, str | None]]) -> Iterator[Stale]:
    for entry in kata.solution.equivalents:
        killers = [by for mutant, by in fates if means(entry, mutant, kata.reference)]
        if not killers:
            yield Stale(entry, _("there is no such mutant"))
        elif None not in killers:
            yield Stale(entry, _("{test} rejects it", test=killers[0]))


def killer(kata: Kata, mutant: Mutant, open_line: OpenLine, patience: float) -> str | None:
    """What rejects the mutant first; None if it lives. It trains only if every quick test lets it pass."""
    for seed, training in (*((seed, False) for seed in SEEDS), (SEEDS[0], True)):
        check = check_of(
            kata, mutant.source, "mutant", seed=seed, training=training, fail_fast=True, **UNEXPLAINED
        )
        line = open_line()
        line.connection.settimeout(patience)
        try:
            graded = grade(line, check)
        except TimeoutError:
            return "timeout"
        finally:
            line.close()  # its host ends what still runs
        if not graded.passed:
            return _first(graded)
    return None


def _first(graded: Graded) -> str:
    return graded.problem.kind if graded.problem is not None else next(iter(graded.failed), "bans")


def _patience(kata: Kata, open_line: OpenLine) -> float:
    """How long a mutant may be silent, from the longest test of the reference, which has to pass."""
    graded = grade(open_line(), check_of(kata, kata.reference, "reference", **UNEXPLAINED))
    if not graded.passed:
        raise DlkataError(
            _("{name}: the reference itself does not pass ({test}).", name=kata.name, test=_first(graded)),
            _("Mend that first: dlkata author check {name}", name=kata.typed),
        )
    return max(PATIENCE, SLOWER * max(result.seconds for result in graded.results))
