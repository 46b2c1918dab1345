"""What authors ask of a suite, in the place of an attempt's grade: known bugs, bounds, many sources at once."""

from typing import TYPE_CHECKING

from dlkata.grading.protocol import Bounded, Fate, Finished, Named, Stumbled, Verdict
from dlkata.grading.workers import LOADING_SECONDS, Ended

if TYPE_CHECKING:
    from dlkata.grading.supervisor import Supervisor

ALARM_SECONDS = 600.0  # one test under all its streams


def research(supervisor: "Supervisor") -> None:
    check = supervisor.check
    if check.sources:
        finished = _try_all(supervisor)
    elif check.alarms:
        finished = _pass_on(supervisor, "alarms", ALARM_SECONDS)
    else:
        finished = _pass_on(supervisor, "prove", max(LOADING_SECONDS, 4 * supervisor.kata.head.deadline))
    supervisor.line.send(Verdict(passed=finished))


def _pass_on(supervisor: "Supervisor", purpose: str, seconds: float) -> bool:
    """What a worker says; whether it came to its end."""
    worker = supervisor.worker(purpose, [], supervisor.check.seed)
    finished = False
    try:
        for message in worker.messages(seconds):
            finished = isinstance(message, Finished)
            if isinstance(message, (Named, Bounded)):
                supervisor.line.send(message)
    finally:
        supervisor.end(worker)
    return finished


def _try_all(supervisor: "Supervisor") -> bool:
    """Every source gets a fate; one that ends its worker has that for its own, and the next one gets another worker."""
    count, done = len(supervisor.check.sources), 0
    # One deadline would be for one test under one seed; a source that hangs is to cost little all the same.
    seconds = supervisor.kata.head.deadline * max(1.0, len(supervisor.check.seeds) / 2)
    while done < count:
        worker = supervisor.worker("try", [], supervisor.check.seed, first=done)
        try:
            for message in worker.messages(seconds, first=LOADING_SECONDS):
                if isinstance(message, Fate):
                    supervisor.line.send(message)
                    done = message.number + 1
                elif isinstance(message, (Ended, Stumbled)):
                    supervisor.line.send(
                        Fate(done, message.reason if isinstance(message, Ended) else "grader")
                    )
                    done += 1
                    break
        finally:
            supervisor.end(worker)
    return True
