"""Where a pass is confirmed: the room holds the attempt and no answer, the desk the answer and no attempt.

Each runs the same tests with the same numbers and sends what was judged. Neither compares: the supervisor does.
"""

from collections.abc import Iterator

from dlkata.grading.collection import Suite, SuiteTest
from dlkata.grading.explain.journal import to_wire
from dlkata.grading.protocol import Done, Loaded, Message, Problem, TestStarted
from dlkata.grading.work.bench import Bench
from dlkata.grading.work.channel import Channel
from dlkata.grading.work.job import Job
from dlkata.grading.work.module import execute_file
from dlkata.grading.work.run import ending, perform
from dlkata.suite.journals import journal


def room(job: Job, suite: Suite, channel: Channel) -> None:
    """The attempt stands in for the reference, too. What is forbidden is gone before it is loaded."""
    bench = Bench(job, suite, alone=True)
    attempt = bench.load()
    said: Message = Loaded([], *bench.noticed())
    if isinstance(attempt, Problem):
        channel.send(said, attempt)
        return
    for test in _tests(job, suite):
        channel.send(said, TestStarted(test.name))
        said = bench.run(test, attempt)
    channel.send(said)


def desk(job: Job, suite: Suite, channel: Channel) -> None:
    """The reference alone, in both places."""
    candidate, reference = (execute_file(job.reference_file, name) for name in ("attempt", "reference"))
    for test in _tests(job, suite):
        error = perform(test, candidate, reference, job.seed)
        outcome, _finding, _raised = ending(error, "", str(suite.file))
        channel.send(
            Done(name=test.name, outcome=outcome, seconds=0.0, journal=to_wire(journal.observations, None))
        )


def _tests(job: Job, suite: Suite) -> Iterator[SuiteTest]:
    return (suite.tests[name] for name in job.tests)
