"""From a place that mends the tests to one that says more: nearer to the mistake, or where a helper is called wrongly."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from dlkata.grading.collection import SuiteTest
from dlkata.grading.place.exchanging import exchanges_of, still_to_become, worth_trying
from dlkata.grading.place.injection import Found, Injection
from dlkata.grading.place.recording import Recording
from dlkata.grading.place.sites import calls_of, helper_around, is_within_one

TRIALS = 40


def earlier(injection: Injection, best: Found, failing: Sequence[SuiteTest], recording: Recording) -> Found:
    """A number of which the wrong value was made may be what is wrong."""
    for exchange in islice(worth_trying(recording, ("others", "uneven")), TRIALS):
        if exchange.mine < best.node.number and recording.mine[exchange.mine].keys():
            found = injection.tried(failing, [exchange], recording, best.mended)
            if found is not None and len(found.chain) <= len(best.chain):
                return found
    return best


def outside(injection: Injection, best: Found, failing: Sequence[SuiteTest], recording: Recording) -> Found:
    """In a helper that several places call: the call of which the same is true, if elsewhere the helper is right;
    else both."""
    helper = helper_around(injection.source, best.node.line)
    sites = list(calls_of(helper, injection.mine)) if helper is not None else []
    if helper is None or len(sites) < 2 or len(best.exchanges) > 1:
        return best
    for site in sites:
        for exchange in exchanges_of(recording, site.number, best.exchange.right):
            found = injection.tried(failing, [exchange], recording, best.mended)
            if found is None:
                continue
            elsewhere = [
                other.number for other in sites if other is not site and other.number in recording.known
            ]
            if any(recording.is_telling(other) for other in elsewhere):
                return replace(found, chain=[line for line in found.chain if not helper.has(line)])
            both = (found, best) if elsewhere else (best, found)
            return replace(both[0], chain=[one.node.line for one in both])
    return best


def unfinished(injection: Injection, best: Found, failing: Sequence[SuiteTest]) -> Found | None:
    """Of what is made of right values alone: the one of these with which something more had to be done before."""
    recording, failing = best.recording, [best.test, *(test for test in failing if test is not best.test)]
    if len(best.chain) > 1 or len(best.exchanges) > 1:
        return None
    read = [part for part in injection.mine if best.node.holds(part) and part.number in recording.known]
    tried = 0
    for part in read:
        for exchange in still_to_become(recording, part.number):
            tried += 1
            if tried > TRIALS:
                return None
            found = injection.tried(failing, [exchange], recording, best.mended)
            if found is not None:
                made = list(found.before[:1])
                if not is_within_one(injection.source, [part.line, *made]):
                    made = []
                gap = [line + 1 for line in made if line + 1 < part.line]
                return replace(
                    found, chain=[part.line], before=[], read=[], unfinished=True, beside=[*made, *gap]
                )
    return None
