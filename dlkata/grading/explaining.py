"""What the supervisor asks of workers that explain a failure: which known bugs, and where the values go wrong."""

from typing import TYPE_CHECKING, Any

from dlkata.grading.explain.diagnosis import can_diagnose
from dlkata.grading.protocol import Diagnosed, Done, Outcome, Traced, Trail
from dlkata.grading.workers import Worker

if TYPE_CHECKING:
    from dlkata.grading.supervisor import Supervisor

OF_VALUES = (
    "values",
    "nonfinite",
    "shape",
    "value",
    "range",
)  # elsewhere the values are right: there is no way to follow
TRAILS = 3  # failing tests that are followed, and passing ones: in one alone a mistake may show late


def known_bugs(supervisor: "Supervisor") -> Diagnosed:
    """The listed bugs that explain everything."""
    evidence = _evidence(supervisor)
    if len(evidence) < len(supervisor.suite.quick) or not can_diagnose(evidence):
        return Diagnosed([])
    worker = supervisor.worker("diagnose", [], supervisor.check.seed, evidence=evidence)
    answer = _ask(supervisor, worker, Diagnosed)
    return answer or Diagnosed([])


def trail_of(supervisor: "Supervisor") -> Trail | None:
    tests = supervisor.suite.tests
    comparisons = [done for done in _evidence(supervisor) if tests[done.name].is_comparison]
    failed = [done.name for done in comparisons if done.finding and done.finding.kind in OF_VALUES][:TRAILS]
    passed = [done.name for done in comparisons if done.outcome == Outcome.PASSED][:TRAILS]
    if not failed:
        return None
    worker = supervisor.worker("trail", failed + passed, supervisor.check.seed)
    answer = _ask(supervisor, worker, Traced)
    return answer.trail if answer else None


def _evidence(supervisor: "Supervisor") -> list[Done]:
    return [supervisor.results[name] for name in supervisor.suite.quick if name in supervisor.results]


def _ask(supervisor: "Supervisor", worker: Worker, kind: type) -> Any:
    """The one answer of a worker that explains; None if it has none to give. An explanation may fail quietly."""
    try:
        for message in worker.messages(supervisor.kata.head.deadline):
            if isinstance(message, kind):
                return message
    finally:
        supervisor.end(worker)
    return None
