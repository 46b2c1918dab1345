"""Which known bug explains everything an attempt does wrong? No answer is better than a wrong one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from time import process_time

import msgspec

from dlkata.content.proved import PROVED_SEED, fails_proved
from dlkata.content.solution import Bug, Spelling, spellings_of
from dlkata.grading.collection import Suite
from dlkata.grading.explain.journal import agree, all_nan, same_exception, to_wire
from dlkata.grading.protocol import Done, Named, Observed, Outcome
from dlkata.grading.work.module import execute
from dlkata.grading.work.run import ending, perform
from dlkata.suite.journals import journal as judged

# Of computing, so that a busy machine gives the same answer as an idle one: pairs are tried for as long as the
# suite took, or this long.
LEAST_SECONDS = 1.0
ROUNDING = 1e-6
SPARE = 1  # tests that a bug may fail here and not where it was proved, or the other way round
VOTING = (Outcome.PASSED, Outcome.FAILED, Outcome.RAISED)


def can_diagnose(results: Sequence[Done]) -> bool:
    """Only an attempt that ran, went wrong somewhere, and not everywhere in the same empty way."""
    failed = [r for r in results if r.outcome != Outcome.PASSED]
    if not failed or any(r.outcome not in VOTING or r.journal is None for r in results):
        return False
    return not all(r.outcome == Outcome.FAILED and all_nan(r.journal or []) for r in results)


def name_all(
    suite: Suite, reference: str, bugs: Sequence[Bug], seed: int, labels: Sequence[str] = ()
) -> Iterator[Named]:
    """What the diagnosis says of each known bug itself (of those in `labels`, if any); every bug meets every quick
    test once."""
    endings: dict[tuple[str, str], Done] = {}
    bare = Diagnosis(suite, reference, bugs, seed, {}, endings)
    for spelling in bare.spellings:
        if labels and spelling.label not in labels:
            continue
        source = spelling.apply(reference)
        observed = {test: bare.run(spelling.label, source, test) for test in suite.quick}
        failed = [test for test, done in observed.items() if done.outcome != Outcome.PASSED]
        can = can_diagnose(list(observed.values()))
        whole = Diagnosis(suite, reference, bugs, seed, observed, endings)
        answer = whole.answer() if can else []
        yield Named(spelling.label, spelling.bug, failed, answer, _telling(observed.values()), whole.cut_off)


def _telling(endings: Iterable[Done]) -> list[Done]:
    """Only what a comparison looks at: of a test that passes, nothing else."""
    return [
        msgspec.structs.replace(done, journal=None) if done.outcome == Outcome.PASSED else done
        for done in endings
    ]


def _rounded(journal: Iterable[Observed]) -> list[Observed]:
    """What must be exactly right may be wrong in two ways that differ by rounding alone."""
    return [
        msgspec.structs.replace(one, rtol=ROUNDING) if one.rtol == one.atol == 0 else one for one in journal
    ]


@dataclass
class Diagnosis:
    suite: Suite
    reference: str
    bugs: Sequence[Bug]
    seed: int
    observed: Mapping[str, Done]
    endings: dict[tuple[str, str], Done] = field(default_factory=dict)  # by spelling and test

    def __post_init__(self) -> None:
        self.cut_off = False  # not every pair could be tried
        self.right = execute(self.reference, "<reference>", "reference")
        self.spellings = spellings_of(self.bugs)
        self.proved = fails_proved(self.suite.file) if self.seed == PROVED_SEED else {}
        tests = self.suite.tests
        failed = [n for n, r in self.observed.items() if r.outcome != Outcome.PASSED]
        # Values of comparisons tell most, and cheap tests first: nearly every bug is dropped at its first one.
        self.failed = sorted(failed, key=lambda n: (not tests[n].is_comparison, self.observed[n].seconds))
        self.passed = [n for n, r in self.observed.items() if r.outcome == Outcome.PASSED]
        self.failing = frozenset(failed)

    def answer(self) -> list[str]:
        """The one bug, or the one pair of bugs, that does just what the attempt does."""
        single = {s.bug for s in self._singles() if self.explains(s.label, s.apply(self.reference))}
        if single:
            return list(single) if len(single) == 1 else []
        self.until = process_time() + max(LEAST_SECONDS, sum(done.seconds for done in self.observed.values()))
        found: set[frozenset[str]] = set()
        for one, other in self._pairs():
            source = self._together(one, other)
            if source is not None and self.explains(f"{one.label}+{other.label}", source):
                found.add(frozenset({one.bug, other.bug}))
                if len(found) > 1:
                    return []  # several answers are no answer
        if self.cut_off:
            return []  # there may be another one
        return [bug.name for bug in self.bugs if any(bug.name in pair for pair in found)]

    def _singles(self) -> Iterator[Spelling]:
        for spelling in self.spellings:
            fails = self._known_to_fail(spelling)
            if fails is None or len(fails ^ self.failing) <= SPARE:
                yield spelling

    def _pairs(self) -> Iterator[tuple[Spelling, Spelling]]:
        """Those that fail together what the attempt fails, and each alone what it fails alone just as the attempt
        does. A member that fails where the attempt passes would have to be cured by the other one: far-fetched."""
        for (one, by_one), (other, by_other) in combinations(self._members(), 2):
            if one.bug == other.bug or by_one | by_other != self.failing:
                continue
            if self._late():
                return
            if self._agrees_at(one, by_one - by_other) and self._agrees_at(other, by_other - by_one):
                yield one, other

    def _members(self) -> Iterator[tuple[Spelling, frozenset[str]]]:
        """Those that fail nothing that the attempt passes, with what they fail."""
        for spelling in self.spellings:
            if self._late():
                return
            fails = self._known_to_fail(spelling)
            if fails is None:
                source = spelling.apply(self.reference)
                if any(self._fails(spelling.label, source, test) for test in self.passed):
                    continue
                fails = frozenset(test for test in self.failed if self._fails(spelling.label, source, test))
            if fails and fails <= self.failing:
                yield spelling, fails

    def _late(self) -> bool:
        self.cut_off = self.cut_off or process_time() > self.until
        return self.cut_off

    def _known_to_fail(self, spelling: Spelling) -> frozenset[str] | None:
        """What it fails, if that is known without running it."""
        endings = [self.endings.get((spelling.label, test)) for test in self.observed]
        if all(endings):
            return frozenset(done.name for done in endings if done and done.outcome != Outcome.PASSED)
        return self.proved.get(spelling.label)

    def _fails(self, name: str, source: str, test: str) -> bool:
        return self.run(name, source, test).outcome != Outcome.PASSED

    def _agrees_at(self, spelling: Spelling, tests: frozenset[str]) -> bool:
        source = spelling.apply(self.reference)
        return all(
            self._agrees(self.run(spelling.label, source, test), self.observed[test])
            for test in self.failed
            if test in tests
        )

    def _together(self, one: Spelling, other: Spelling) -> str | None:
        """The reference with both; None if they edit the same place, or what comes of it is no program."""
        try:
            source = other.apply(one.apply(self.reference))
            execute(source, f"<{one.label}+{other.label}>", "bug", keep=True)
        except Exception:
            return None
        return source

    def explains(self, name: str, source: str) -> bool:
        return all(
            self._agrees(self.run(name, source, test), self.observed[test])
            for test in [*self.failed, *self.passed]
        )

    def run(self, name: str, source: str, test: str) -> Done:
        if (name, test) not in self.endings:
            module = execute(source, f"<{name}>", "bug", keep=True)
            error = perform(self.suite.tests[test], module, self.right, self.seed)
            outcome, _finding, raised = ending(error, f"<{name}>", str(self.suite.file))
            journal = to_wire(judged.observations)
            self.endings[name, test] = Done(
                name=test, outcome=outcome, seconds=0.0, raised=raised, journal=journal
            )
        return self.endings[name, test]

    @staticmethod
    def _agrees(bug: Done, attempt: Done) -> bool:
        if bug.outcome != attempt.outcome:
            return False
        if attempt.outcome == Outcome.PASSED:
            return True
        if (
            bug.journal is None
            or attempt.journal is None
            or not agree(_rounded(attempt.journal), bug.journal)
        ):
            return False
        if attempt.outcome == Outcome.RAISED:
            return bool(attempt.raised and bug.raised and same_exception(attempt.raised, bug.raised))
        return True
