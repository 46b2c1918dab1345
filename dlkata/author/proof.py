"""Proves a kata by running it: the reference passes, the stub does not, every bug is rejected and named."""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlkata.content.kata import Kata
from dlkata.grading.client import events
from dlkata.grading.protocol import Check, Fate, Named, Outcome, Problem, Result, Verdict
from dlkata.grading.wire import Line
from dlkata.locale import _

SEEDS = (0, 1, 2, 3, 4)
SEEDS_AT_ONCE = 10
BUG_MARK, MISTAKE_MARK = "# bug:", "# mistake:"


@dataclass(frozen=True)
class Graded:
    """How one source fared."""

    passed: bool
    bugs: list[str]
    results: list[Result]
    verdict: Verdict | None
    problem: Problem | None
    named: list[Named] = field(default_factory=list)  # of the known bugs, when those were graded
    fates: list[str] = field(
        default_factory=list
    )  # of many sources: what turned each away, "" if nothing did

    @property
    def failed(self) -> list[str]:
        return [r.name for r in self.results if r.outcome != Outcome.PASSED]


def grade(line: Line, check: Check) -> Graded:
    """One whole check, heard to its end."""
    results: dict[str, Result] = {}
    verdict, problem = None, None
    named, fates = [], []
    for event in events(line, check):
        if isinstance(event, Result):
            results[event.name] = event
        elif isinstance(event, Verdict):
            verdict = event
        elif isinstance(event, Problem):
            problem = event
        elif isinstance(event, Named):
            named.append(event)
        elif isinstance(event, Fate):
            fates.append(event.by)
    line.close()
    passed = verdict is not None and verdict.passed
    return Graded(
        passed, verdict.bugs if verdict else [], list(results.values()), verdict, problem, named, fates
    )


@dataclass(frozen=True)
class Claim:
    """Something that must hold of a source, and the sentence for when it does not."""

    label: str
    check: Check
    complaint: Callable[[Graded], str | None]
    count: int = 1  # how many things are claimed


Proof = tuple[
    Claim, Graded, str | None
]  # with how its source fared, and the complaint where it does not hold


def check_of(kata: Kata, source: str, name: str, **options: Any) -> Check:
    return Check(root=str(kata.root), stem=kata.stem, attempt=f"/attempt/{name}.py", source=source, **options)


def claims(kata: Kata, seeds: Sequence[int] = SEEDS) -> Iterator[Claim]:
    first, *others = seeds
    yield Claim(_("reference"), check_of(kata, kata.reference, "reference", seed=first), must_pass)
    # Not quite the stub: an untouched one is turned away before it runs.
    yield Claim(_("stub"), check_of(kata, kata.stub + "\n_started = True\n", "stub"), must_fail)
    yield names_claim(kata)
    for file in attempts(kata, "right"):
        source = file.read_text(encoding="utf-8")
        yield Claim(f"right/{file.name}", check_of(kata, source, file.stem, seed=first), must_pass)
    if others:
        yield seeds_claim(kata, others)


def chance_claims(kata: Kata, count: int) -> Iterator[Claim]:
    """Chance turns no right attempt away: so many seeds beyond those of a proof, some at a time."""
    begin = max(SEEDS) + 1
    for first in range(begin, begin + count, SEEDS_AT_ONCE):
        yield seeds_claim(kata, range(first, min(first + SEEDS_AT_ONCE, begin + count)))


def seeds_claim(kata: Kata, seeds: Sequence[int]) -> Claim:
    """The reference and every right attempt pass the quick tests under each seed, all in one process."""
    right = {file.name: file.read_text(encoding="utf-8") for file in attempts(kata, "right")}
    sources = {"reference": kata.reference, **right}
    return Claim(
        _("seeds {seeds}", seeds=", ".join(map(str, seeds))),
        check_of(kata, "", "sources", sources=list(sources.values()), seeds=list(seeds)),
        must_fare(list(sources)),
        len(sources) * len(seeds),
    )


def names_claim(kata: Kata) -> Claim:
    spellings = sum(len(bug.spellings) for bug in kata.solution.bugs)
    check = check_of(kata, "", "bugs", prove=True)
    return Claim(_("known bugs"), check, must_all_be_named(spellings), spellings)


def wrong_claims(kata: Kata, named: Sequence[Named] = ()) -> Iterator[Claim]:
    """Each wrong attempt is rejected by a quick test, and never taken for another mistake than its own.

    `named`: the known bugs, if they were proved; then they need not run again for each attempt.
    """
    known = {one.label: one.endings for one in named}
    for file in attempts(kata, "wrong"):
        source = file.read_text(encoding="utf-8")
        check = check_of(kata, source, file.stem, training=False, locate=False, known=known)
        yield Claim(f"wrong/{file.name}", check, must_not_mislead(listed_bugs(source)))


def attempts(kata: Kata, kind: str) -> list[Path]:
    """Other people's attempts at a kata: tests/right/NAME or tests/wrong/NAME, in a checkout."""
    return sorted((kata.root / "tests" / kind / kata.stem).glob("*.py"))


def listed_bugs(source: str) -> set[str]:
    """The known mistakes that an attempt carries, as its header says: `# bug: one`, or `# bug: one + other`."""
    for line in source.split("\n")[:3]:
        if line.startswith(BUG_MARK):
            return {name.strip() for name in line.removeprefix(BUG_MARK).split("+")}
    return set()


def prove_kata(
    kata: Kata,
    open_line: Callable[[], Line],
    workers: int,
    seeds: Sequence[int] = SEEDS,
) -> Iterator[Proof]:
    """All claims of a kata; its wrong attempts last, for then the known bugs have run."""
    yield from _with_wrong(kata, list(claims(kata, seeds)), open_line, workers)


def prove_names(kata: Kata, open_line: Callable[[], Line], workers: int) -> Iterator[Proof]:
    """Only what is said of its mistakes."""
    yield from _with_wrong(kata, [names_claim(kata)], open_line, workers)


def _with_wrong(
    kata: Kata, first: Sequence[Claim], open_line: Callable[[], Line], workers: int
) -> Iterator[Proof]:
    named: list[Named] = []
    for claim, graded, complaint in prove(first, open_line, workers):
        named += graded.named
        yield claim, graded, complaint
    yield from prove(list(wrong_claims(kata, named)), open_line, workers)


def prove(claims: Sequence[Claim], open_line: Callable[[], Line], workers: int) -> Iterator[Proof]:
    """Every claim with how its source fared and the complaint, None where it holds; in order, run side by side."""
    with ThreadPoolExecutor(workers) as pool:
        for claim, graded in zip(
            claims, pool.map(lambda c: grade(open_line(), c.check), claims), strict=True
        ):
            yield claim, graded, claim.complaint(graded)


def must_pass(graded: Graded) -> str | None:
    if graded.passed:
        return None
    if graded.problem is not None:
        return _("is turned away: {kind} {text}", kind=graded.problem.kind, text=graded.problem.text)
    caught = [*graded.verdict.banned, *graded.verdict.tampered] if graded.verdict else []
    return _("does not pass: {tests} {caught}", tests=", ".join(graded.failed), caught=caught or "")


def must_fail(graded: Graded) -> str | None:
    return _("passes") if graded.passed else None


def must_fare(names: Sequence[str], wrong: Collection[str] = ()) -> Callable[[Graded], str | None]:
    """Of sources graded in one process: those in `wrong` are turned away, all others pass."""

    def complaint(graded: Graded) -> str | None:
        fates = list(zip(names, graded.fates, strict=False))
        turned = [f"{name} ({by})" for name, by in fates if by and name not in wrong]
        if turned:
            return _("does not pass: {tests} {caught}", tests=", ".join(turned), caught="")
        if passed := [name for name, by in fates if not by and name in wrong]:
            return f"{', '.join(passed)} {_('passes')}"
        if len(fates) < len(names):
            return _("only {count} of {all} were graded", count=len(fates), all=len(names))
        return None

    return complaint


def must_all_be_named(spellings: int) -> Callable[[Graded], str | None]:
    """Each known bug is rejected by a quick test and taken for itself and nothing else."""

    def complaint(graded: Graded) -> str | None:
        found = [text for named in graded.named if (text := _misnamed(named))]
        if not found and len(graded.named) < spellings:
            found = [_("only {count} of {all} were graded", count=len(graded.named), all=spellings)]
        return "; ".join(found) or None

    return complaint


def _misnamed(named: Named) -> str | None:
    if not named.failed:
        return _("{bug} passes: no quick test rejects it", bug=named.label)
    if named.bugs == [named.bug]:
        return None
    shown = " + ".join(named.bugs) or (
        _("nothing: it was cut off by its limit") if named.cut_off else _("nothing")
    )
    return _(
        "{bug} is diagnosed as {shown} (fails {tests})",
        bug=named.label,
        shown=shown,
        tests=", ".join(named.failed),
    )


def must_not_mislead(listed: Collection[str]) -> Callable[[Graded], str | None]:
    """A wrong attempt is rejected; what it is taken for is what it carries, or one of two such, or nothing is said."""

    def complaint(graded: Graded) -> str | None:
        if graded.passed:
            return _("passes")
        if graded.bugs and set(graded.bugs).isdisjoint(listed):
            return _("is diagnosed as {shown}", shown=" + ".join(graded.bugs))
        return None

    return complaint
