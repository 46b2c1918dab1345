"""Which exchange, or which several, mend the failing tests: tried one after the other, the likeliest first."""

from collections.abc import Sequence
from itertools import groupby
from time import process_time

from dlkata.grading.collection import SuiteTest
from dlkata.grading.place.exchanging import worth_trying
from dlkata.grading.place.hearing import Exchange
from dlkata.grading.place.injection import Found, Injection
from dlkata.grading.place.recording import Recording
from dlkata.grading.place.refining import earlier, outside

# What a search may cost, as runs are estimated. The clock ends it only where the estimate is far off.
COST, SLOW = 1_500_000, 400_000  # of the search, of one test that is repeated
SECONDS = 8.0
PRIMARIES = 3  # tests that are repeated
NEAR = 3  # lines from the last right values to the place
MISSES = 3  # tests, after which an exchange is given up that mends few


def search(injection: Injection, failing: Sequence[SuiteTest], cost: int = COST) -> Found | None:
    """`failing`: those that say most first. One alone is repeated again and again; if it tells nothing, the next."""
    limit, injection.latest = injection.spent + cost, process_time() + SECONDS
    begun_with: tuple[Sequence[SuiteTest], Recording] | None = None
    for number, test in enumerate(failing[:PRIMARIES]):
        begun = injection.spent
        passed, recording = injection.record(test)
        if passed or injection.spent - begun > SLOW:
            continue  # beside a shadow it passes, or it is too slow to be repeated
        ordered = [test, *failing[:number], *failing[number + 1 :]]
        begun_with = begun_with or (ordered, recording)
        if (found := _alone(injection, ordered, recording, limit)) is not None:
            found = earlier(injection, found, ordered, recording)
            if len(found.chain) > NEAR:
                found = _nearer(injection, found, ordered, recording, cost // 2)
            return outside(injection, found, ordered, recording)
    return _together(injection, *begun_with, injection.spent + cost // 2) if begun_with is not None else None


def _alone(
    injection: Injection, failing: Sequence[SuiteTest], recording: Recording, limit: int
) -> Found | None:
    """The one exchange that mends most, the first of the tests among them."""
    best: Found | None = None
    for exchange in worth_trying(recording):
        as_it_is = recording.known.get(exchange.mine) == exchange.right
        if _is_over(injection, limit) or (best is not None and as_it_is and best.mends_most):
            break
        found = injection.tried(
            failing, [exchange], recording, best.mended if best is not None else 0, MISSES
        )
        if found is not None and (best is None or _tells_more(found, best)):
            best = found
            if best.mended == best.failing:
                return best
    return None if best is None else injection.tried(failing, best.exchanges, recording)


def _nearer(
    injection: Injection, far: Found, failing: Sequence[SuiteTest], recording: Recording, cost: int
) -> Found:
    """Of a place far behind the mistakes: several places nearer to them, if they can be had."""
    several = _together(injection, failing, recording, injection.spent + cost, far.mended // 2)
    return far if several is None or len(several.chain) >= len(far.chain) else several


def _together(
    injection: Injection, failing: Sequence[SuiteTest], recording: Recording, limit: int, least: int = 0
) -> Found | None:
    """Several at once: in the order they ran, those that set right more than themselves. If that is not all
    that is wrong, the first of them alone."""
    chosen: list[Exchange] = []
    held = len(recording.held)
    by_mine = groupby(worth_trying(recording, ("tensors",)), key=lambda exchange: exchange.mine)
    for _mine, exchanges in by_mine:
        best: tuple[int, Exchange] | None = None
        for exchange in exchanges:
            if _is_over(injection, limit):
                return _first(injection, failing, chosen, recording)
            passed, after = injection.record(failing[0], [*chosen, exchange])
            if passed and injection.ear.replaced:
                found = injection.tried(failing, [*chosen, exchange], recording, least)
                if found is not None:
                    return found
            now = len(after.held)
            if now > held + 1 and (best is None or now > best[0]):
                best = now, exchange
        if best is not None:
            held = best[0]
            chosen.append(best[1])
    return _first(injection, failing, chosen, recording)


def _first(
    injection: Injection, failing: Sequence[SuiteTest], chosen: Sequence[Exchange], recording: Recording
) -> Found | None:
    """A value behind which more is right, though no test passes for it."""
    return injection.found(failing, chosen[:1], recording, mended=0) if chosen else None


def _tells_more(one: Found, other: Found) -> bool:
    """It mends more, or as much from nearer to the mistake."""
    return (one.mended, -len(one.chain)) > (other.mended, -len(other.chain))


def _is_over(injection: Injection, limit: int) -> bool:
    return injection.spent > limit or process_time() > injection.latest
