"""Which known bug explains everything an attempt does wrong? No answer is better than a wrong one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from time import process_time

import msgspec

from dlkata.content.solution import Bug, Spelling, spellings_of
from dlkata.errors import DlkataError
from dlkata.grading.collection import Suite
from dlkata.grading.explain.journal import agree, all_nan, same_exception, to_wire
from dlkata.grading.protocol import Done, Named, Outcome
from dlkata.grading.work.module import execute
from dlkata.grading.work.run import ending, perform
from dlkata.suite.journals import journal as judged

# Of computing, so that a busy machine gives the same answer as an idle one: pairs are tried for as long as the
# suite took, or this long.
LEAST_SECONDS = 0.4
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
        tests = self.suite.tests
        failed = [n for n, r in self.observed.items() if r.outcome != Outcome.PASSED]
        # Values of comparisons tell most, and cheap tests first: nearly every bug is dropped at its first one.
        self.failed = sorted(failed, key=lambda n: (not tests[n].is_comparison, self.observed[n].seconds))
        self.passed = [n for n, r in self.observed.items() if r.outcome == Outcome.PASSED]

    def answer(self) -> list[str]:
        """The one bug, or the one pair of bugs, that does just what the attempt does."""
        single = {s.bug for s in self.spellings if self.explains(s.label, s.apply(self.reference))}
        if single:
            return list(single) if len(single) == 1 else []
        found: set[tuple[str, str]] = set()
        until = process_time() + max(LEAST_SECONDS, sum(done.seconds for done in self.observed.values()))
        for pair, source in self._pairs():
            if process_time() > until:
                self.cut_off = True
                return []
            one, other = pair
            if self.explains(f"{one.label}+{other.label}", source) and not any(
                map(self._fails_too_much, pair)
            ):
                found.add((one.bug, other.bug))
                if len(found) > 1:
                    return []  # several answers are no answer
        return list(found.pop()) if found else []

    def _pairs(self) -> Iterator[tuple[tuple[Spelling, Spelling], str]]:
        for one, other in combinations(self.spellings, 2):
            if one.bug == other.bug:
                continue
            try:
                yield (one, other), other.apply(one.apply(self.reference))
            except DlkataError:
                continue  # they edit the same place

    def explains(self, name: str, source: str) -> bool:
        return all(
            self._agrees(self.run(name, source, test), self.observed[test])
            for test in [*self.failed, *self.passed]
        )

    def _fails_too_much(self, member: Spelling) -> bool:
        """A member that fails where the attempt passes would have to be cured by the other one: far-fetched."""
        source = member.apply(self.reference)
        return any(self.run(member.label, source, test).outcome != Outcome.PASSED for test in self.passed)

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
        if bug.journal is None or attempt.journal is None or not agree(attempt.journal, bug.journal):
            return False
        if attempt.outcome == Outcome.RAISED:
            return bool(attempt.raised and bug.raised and same_exception(attempt.raised, bug.raised))
        return True
