"""Where it goes wrong, tried: the reference's value in the place of one of the attempt's mends the failing tests.

Attempt and reference are rewritten so that every expression reports its value (`nodes`); a shadow of the reference has
the right values for each call (`shadow`). One failing test is repeated with a right value put in the place of one
expression's. If it passes, everything behind that expression is right, and the fault lies there or before it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from time import process_time

import torch

from dlkata.grading.collection import SuiteTest
from dlkata.grading.place.exchanging import worth_trying
from dlkata.grading.place.hearing import Ear, Exchange
from dlkata.grading.place.nodes import BLANK, EDIT, NOTE, Node, instrument
from dlkata.grading.place.recording import Recording
from dlkata.grading.place.shadow import Shadows
from dlkata.grading.place.way import way_to
from dlkata.grading.work.module import execute
from dlkata.grading.work.run import perform

SECONDS, SLOW = 1.6, 0.6  # of computing: the search, one test
PRIMARIES = 3  # tests that are repeated
NEAR = 3  # lines from the last right values to the place
REFINING = 40  # numbers that are tried when a place is found


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


def _tells_more(one: Found, other: Found) -> bool:
    """It mends more, or as much from nearer to the mistake."""
    return (one.mended, -len(one.chain)) > (other.mended, -len(other.chain))


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

    def search(self, failing: Sequence[SuiteTest], seconds: float = SECONDS) -> Found | None:
        """`failing`: those that say most first. One alone is repeated again and again; if it tells nothing, the next."""
        until = process_time() + seconds
        begun_with: tuple[Sequence[SuiteTest], Recording] | None = None
        for number, test in enumerate(failing[:PRIMARIES]):
            begun = process_time()
            passed, recording = self.record(test)
            if passed or process_time() - begun > SLOW:
                continue  # beside a shadow it passes, or it is too slow to be repeated
            ordered = [test, *failing[:number], *failing[number + 1 :]]
            begun_with = begun_with or (ordered, recording)
            if (found := self._alone(ordered, recording, until)) is not None:
                found = self._earlier(found, ordered, recording)
                return (
                    found
                    if len(found.chain) <= NEAR
                    else self._nearer(found, ordered, recording, seconds / 2)
                )
        return self._together(*begun_with, process_time() + seconds / 2) if begun_with is not None else None

    def _nearer(
        self, far: Found, failing: Sequence[SuiteTest], recording: Recording, seconds: float
    ) -> Found:
        """Of a place far behind the mistakes: several places nearer to them, if they can be had."""
        several = self._together(failing, recording, process_time() + seconds)
        return far if several is None or len(several.chain) >= len(far.chain) else several

    def _alone(self, failing: Sequence[SuiteTest], recording: Recording, until: float) -> Found | None:
        """The one exchange that mends most, the first of the tests among them."""
        best: Found | None = None
        for exchange in worth_trying(recording):
            if process_time() > until:
                break
            found = self._try(failing, [exchange], recording)
            if found is not None and (best is None or _tells_more(found, best)):
                best = found
                if best.mended == best.failing:
                    break
        return best

    def _earlier(self, best: Found, failing: Sequence[SuiteTest], recording: Recording) -> Found:
        """A number of which the wrong value was made may be what is wrong."""
        for exchange in islice(worth_trying(recording, ("others", "uneven")), REFINING):
            if exchange.mine < best.node.number and recording.mine[exchange.mine].keys():
                found = self._try(failing, [exchange], recording)
                if found is not None and found.mended >= best.mended:
                    return found
        return best

    def _together(self, failing: Sequence[SuiteTest], recording: Recording, until: float) -> Found | None:
        """Several at once: in the order they ran, those that set right more than themselves. If that is not all
        that is wrong, the first of them alone."""
        chosen: list[Exchange] = []
        held = len(set(recording.known.values()))
        by_mine = groupby(worth_trying(recording, ("tensors",)), key=lambda exchange: exchange.mine)
        for _mine, exchanges in by_mine:
            best: tuple[int, Exchange] | None = None
            for exchange in exchanges:
                if process_time() > until:
                    return self._first(failing, chosen, recording)
                passed, after = self.record(failing[0], [*chosen, exchange])
                if passed and self.ear.replaced:
                    found = self._try(failing, [*chosen, exchange], recording)
                    if found is not None:
                        return found
                now = len(set(after.known.values()))
                if now > held + 1 and (best is None or now > best[0]):
                    best = now, exchange
            if best is not None:
                held = best[0]
                chosen.append(best[1])
        return self._first(failing, chosen, recording)

    def _first(
        self, failing: Sequence[SuiteTest], chosen: Sequence[Exchange], recording: Recording
    ) -> Found | None:
        """A value behind which more is right, though no test passes for it."""
        return self._found(failing, chosen[:1], recording, mended=0) if chosen else None

    def _try(
        self, failing: Sequence[SuiteTest], exchanges: Sequence[Exchange], recording: Recording
    ) -> Found | None:
        first, *others = failing
        if not self.run(first, exchanges) or not self.ear.replaced:
            return None
        if not others and not self.run(first, exchanges, seed=1):
            return None
        mended = 1 + sum(self.run(other, exchanges) for other in others)
        return self._found(failing, exchanges, recording, mended)

    def _found(
        self, failing: Sequence[SuiteTest], exchanges: Sequence[Exchange], recording: Recording, mended: int
    ) -> Found:
        place = min(exchanges, key=lambda exchange: exchange.mine)
        node = self.mine[place.mine]
        way = way_to(node, self.mine, recording)
        return Found(failing[0], node, place, exchanges, mended, len(failing), recording, *way)
