"""Where it goes wrong, tried: the reference's value in the place of one of the attempt's mends the failing tests.

Attempt and reference are rewritten so that every expression reports its value (`nodes`); a shadow of the reference has
the right values for each call (`shadow`). One failing test is repeated with a right value put in the place of one
expression's. If it passes, everything behind that expression is right, and the fault lies there or before it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import inf

import torch

from dlkata.grading.collection import SuiteTest
from dlkata.grading.place.hearing import Ear, Exchange
from dlkata.grading.place.nodes import BLANK, EDIT, NOTE, Node, instrument
from dlkata.grading.place.recording import Recording
from dlkata.grading.place.shadow import Shadows
from dlkata.grading.place.sites import own_first
from dlkata.grading.place.way import way_to
from dlkata.grading.work.module import execute
from dlkata.grading.work.run import perform

# What a run costs, in microseconds as they are estimated from what is heard: the same each time, on an idle machine as
# on a busy one.
A_RUN, A_VALUE, TO_RECORD = 6_000, 2, 3
MOST_TRIED = 12  # expressions


@dataclass(frozen=True)
class Found:
    """With these exchanges tests pass that fail without."""

    test: SuiteTest  # that was repeated
    node: Node  # the first of the attempt's that gets another value
    exchange: Exchange  # its own
    exchanges: Sequence[Exchange]
    mended: int
    failing: int
    recording: Recording
    chain: Sequence[int]  # lines: its own, then those of the wrong values it is made of, nearest first
    before: Sequence[int]  # lines of the last right ones
    read: Sequence[int]  # nodes of those
    unfinished: bool = False  # what the place reads is right, and something is still to be done to it
    beside: Sequence[int] = ()  # lines where that may be

    @property
    def others(self) -> list[Exchange]:
        return [exchange for exchange in self.exchanges if exchange != self.exchange]

    @property
    def mends_most(self) -> bool:
        return 2 * self.mended > self.failing


class Injection:
    def __init__(
        self,
        attempt: str,
        reference: str,
        seed: int,
        file: str = "<attempt>",
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        """`tidy`: puts right what a test may have left behind."""
        self.ear, self.seed, self.tidy = Ear(), seed, tidy
        self.spent, self.latest, self.source = 0, inf, attempt
        tree, self.mine = instrument(attempt, file)
        right_tree, self.theirs = instrument(reference, "<reference>")
        ear = self.ear
        self.right = execute(reference, "<right>", "reference")
        self.candidate = execute(
            attempt,
            file,
            "attempt",
            keep=True,
            tree=tree,
            given={NOTE: ear.mine, EDIT: ear.edited, BLANK: ear.blank},
        )
        shadow = execute(
            reference,
            "<reference>",
            "shadow",
            keep=True,
            tree=right_tree,
            given={NOTE: ear.right, EDIT: ear.right, BLANK: ear.blank},
        )
        Shadows(self.candidate, shadow, ear)

    @property
    def goes_back_by_hand(self) -> bool:
        kinds = [value for value in vars(self.candidate).values() if isinstance(value, type)]
        return any(issubclass(kind, torch.autograd.Function) for kind in kinds)

    def run(
        self, test: SuiteTest, exchanges: Sequence[Exchange] = (), *, recording: bool = False, seed: int = 0
    ) -> bool:
        """Whether it passes. `seed`: so many after the first."""
        self.ear.restart(exchanges, recording=recording)
        try:
            return perform(test, self.candidate, self.right, self.seed + seed) is None
        finally:
            self.spent += (A_RUN + A_VALUE * self.ear.heard) * (TO_RECORD if recording else 1)
            self.tidy()

    def record(
        self, test: SuiteTest, exchanges: Sequence[Exchange] = (), *, seed: int = 0
    ) -> tuple[bool, Recording]:
        passed = self.run(test, exchanges, recording=True, seed=seed)
        return passed, Recording.of(self.ear.calls, self.mine, self.theirs, self.ear.names)

    def watch_edits(self, test: SuiteTest, following: int | None = None) -> Recording:
        """A recording that also tells where what was given is changed, or what a node yielded."""
        self.ear.watching, self.ear.following = following is None, following
        try:
            return self.record(test)[1]
        finally:
            self.ear.watching, self.ear.following = False, None

    def passes_with_a_copy(self, test: SuiteTest, node: int) -> bool:
        """Whether all is well if what the node yields is nobody else's."""
        self.ear.copied = node
        try:
            return self.run(test)
        finally:
            self.ear.copied = None

    def narrowings(self, failing: Sequence[SuiteTest]) -> tuple[list[tuple[Node, str]], int]:
        """Where digits that matter are lost, to which dtype, and how many tests pass if none are."""
        self.ear.widening = True
        try:
            mended = int(self.run(failing[0]))
            narrowed = dict(self.ear.narrowed)
            lost = self._missed(failing[0], narrowed) if mended else set(narrowed)
            if narrowed:
                mended += sum(map(self.run, failing[1:]))
            return [
                (self.mine[number], dtype) for number, dtype in narrowed.items() if number in lost
            ], mended
        finally:
            self.ear.widening, self.ear.widening_at = False, None

    def _missed(self, test: SuiteTest, narrowed: Iterable[int]) -> set[int]:
        """Where the test fails if no digits are given back."""
        lost = set(narrowed)
        for number in islice(narrowed, MOST_TRIED):
            self.ear.widening_at = lost - {number}
            if self.run(test):
                lost.remove(number)
        self.ear.widening_at = None
        return lost

    def dtypes_that_matter(self, found: Found) -> tuple[str, str] | None:
        """Those of the attempt's value and of the right one, if the test fails with the right value in the first."""
        passed = self.run(found.test, [*found.others, replace(found.exchange, recast=True)])
        differing = {pair for pair in self.ear.dtypes if pair[0] != pair[1]}
        return None if passed or len(differing) != 1 else differing.pop()

    def passes_with_another(self, found: Found) -> bool:
        """Whether the test passes with a number that is not the right one: then it says nothing."""
        return self.run(found.test, [*found.others, replace(found.exchange, besides=True)])

    def passes_without_a_way_back(self, found: Found) -> bool:
        """Whether the test asks for no gradient through the right value."""
        return self.run(found.test, [*found.others, replace(found.exchange, detached=True)])

    def tried(
        self,
        failing: Sequence[SuiteTest],
        exchanges: Sequence[Exchange],
        recording: Recording,
        least: int = 0,
        misses: int | None = None,
    ) -> Found | None:
        """None where the first test fails, or fewer than `least` pass. After so many `misses`, and fewer hits, the rest
        of the tests is not asked."""
        first, *others = failing
        if not self.run(first, exchanges) or not self.ear.replaced:
            return None
        if not others and not self.run(first, exchanges, seed=1):
            return None
        mended = 1
        for number, other in enumerate(others):
            missed = 1 + number - mended
            if mended + len(others) - number < least:
                return None
            if misses is not None and missed >= max(misses, mended):
                break
            mended += self.run(other, exchanges)
        return self.found(failing, exchanges, recording, mended) if mended >= least else None

    def found(
        self, failing: Sequence[SuiteTest], exchanges: Sequence[Exchange], recording: Recording, mended: int
    ) -> Found:
        place = min(exchanges, key=lambda exchange: exchange.mine)
        node = self.mine[place.mine]
        chain, before, read = way_to(node, self.mine, recording)
        chain = own_first(self.source, self.mine, chain)
        return Found(failing[0], node, place, exchanges, mended, len(failing), recording, chain, before, read)
