"""What the supervisor asks of workers that explain a failure: which known bugs, and where it goes wrong."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dlkata.grading.explain.diagnosis import can_diagnose
from dlkata.grading.place.state import where_state_is_made
from dlkata.grading.placing import Place
from dlkata.grading.protocol import Diagnosed, Done, Located, Outcome
from dlkata.grading.workers import Worker

if TYPE_CHECKING:
    from dlkata.grading.supervisor import Supervisor

FAILED = (Outcome.FAILED, Outcome.RAISED)


@dataclass
class Explanation:
    named: Diagnosed = field(default_factory=lambda: Diagnosed([]))
    place: Place | None = None


def explain(supervisor: "Supervisor") -> Explanation:
    """The listed bugs that explain everything, and the place with whose right value the failing tests pass: looked
    for side by side."""
    evidence = [supervisor.results[name] for name in supervisor.suite.quick if name in supervisor.results]
    workers = [
        _diagnosing(supervisor, evidence) if supervisor.check.diagnose else None,
        _locating(supervisor, evidence) if supervisor.check.locate else None,
    ]
    named, located = (_answer(supervisor, worker) for worker in workers)
    place = (located.place if located else None) or _state(supervisor, evidence)
    if place is not None and not place.whole and ((named and named.bugs) or _all_raise(evidence)):
        place = None  # a name tells more, and so does an exception: what is far from the mistake leads away from it
    return Explanation(named or Diagnosed([]), place)


def _all_raise(evidence: list[Done]) -> bool:
    return all(done.outcome == Outcome.RAISED for done in evidence if done.outcome in FAILED)


def _state(supervisor: "Supervisor", evidence: list[Done]) -> Place | None:
    """What state_dict() shows needs no trying."""
    if not supervisor.check.locate:
        return None
    findings = [done.finding for done in evidence if done.finding and done.finding.kind == "state_dict"]
    failing = sum(done.outcome in FAILED for done in evidence)
    return where_state_is_made(supervisor.check.source, findings[0], failing) if findings else None


def _diagnosing(supervisor: "Supervisor", evidence: list[Done]) -> Worker | None:
    if len(evidence) < len(supervisor.suite.quick) or not can_diagnose(evidence):
        return None
    return supervisor.worker("diagnose", [], supervisor.check.seed, evidence=evidence)


def _locating(supervisor: "Supervisor", evidence: list[Done]) -> Worker | None:
    """Tests that judge a value say more than those in which the attempt raises; cheap ones come first in a suite."""
    failed = [done for done in evidence if done.outcome in FAILED]
    failed.sort(key=lambda done: done.outcome == Outcome.RAISED)
    if not failed:
        return None
    names = [done.name for done in failed]
    return supervisor.worker("locate", names, supervisor.check.seed, evidence=failed)


def _answer(supervisor: "Supervisor", worker: Worker | None) -> Any:
    """The one answer of a worker that explains; None if it has none to give. An explanation may fail quietly."""
    if worker is None:
        return None
    try:
        for message in worker.messages(supervisor.kata.head.deadline):
            if isinstance(message, (Diagnosed, Located)):
                return message
    finally:
        supervisor.end(worker)
    return None
