"""Grades one attempt: starts workers, keeps their deadlines, and turns what they say into a verdict.

The supervisor never runs a line of the attempt and never a torch op, so that forking from it is safe.
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from dlkata.content.kata import Kata, read_kata
from dlkata.grading.collection import Suite
from dlkata.grading.explain.diagnosis import can_diagnose
from dlkata.grading.protocol import (
    Banned,
    Check,
    Diagnosed,
    Done,
    Fault,
    Finished,
    Line,
    Loaded,
    Named,
    Outcome,
    Plan,
    Problem,
    Result,
    Stumbled,
    Tampering,
    TestStarted,
    Traced,
    Trail,
    Verdict,
)
from dlkata.grading.work.confinement import become_subreaper, children, end_children, reap
from dlkata.grading.work.job import Job
from dlkata.grading.workers import Abandoned, Ended, Worker

TRAILS = 3  # failing tests that are followed, and passing ones: in one alone a mistake may show late
TRAINING = 4  # times the deadline of the other tests
LOADING_SECONDS = 20.0  # an attempt may import torch._dynamo, which takes one second on a good day


class Supervisor:
    def __init__(self, check: Check, suite: Suite, line: Line):
        self.check = check
        self.suite = suite
        self.line = line
        self.kata: Kata = read_kata(Path(check.root), check.stem)
        self.results: dict[str, Done] = {}
        self.banned: list[Banned] = []
        self.tampered: list[Tampering] = []
        self.timeouts = 0
        self.workers: list[Worker] = []
        self.ended: list[int] = []  # process ids of workers that were killed and may not be reaped yet
        self.quick: list[str] = []
        self.confirmation: Worker | None = None

    def grade(self) -> None:
        """The whole check: tests, a second seed, diagnosis, trail, verdict."""
        become_subreaper()
        try:
            self._prove() if self.check.prove else self._grade()
        except Abandoned:
            pass
        except BrokenPipeError:
            pass
        except Exception:
            import traceback

            self.line.send(Fault(traceback.format_exc()))
        finally:
            reap(self.ended)

    def _prove(self) -> None:
        """Every known bug instead of an attempt; what none of them answers for is not in the verdict."""
        worker = self._worker("prove", [], self.check.seed)
        try:
            for message in worker.messages(max(LOADING_SECONDS, 4 * self.kata.head.deadline)):
                if isinstance(message, Named):
                    self.line.send(message)
        finally:
            self._end(worker)
        self.line.send(Verdict(passed=isinstance(message, Finished)))

    def _grade(self) -> None:
        tests = list(self.suite.tests) if self.check.training else self.suite.quick
        self.line.send(Plan([(name, self.suite.tests[name].sentence) for name in tests], self.check.device))
        self.quick = [name for name in tests if not self.suite.tests[name].training]
        if not self._run(tests, "grade", self.check.seed):
            return
        if self.confirmation is not None and self._passed(tests):
            if not self._run(self.quick, "confirm", second_seed(self.check.source), self.confirmation):
                return  # it loaded once and not again, which has been said: that is no pass
        elif self.confirmation is not None:
            self._end(self.confirmation)
        passed = self._passed(tests)
        bugs: list[str] = []
        trail: Trail | None = None
        if not passed and not self.banned and not self.tampered:
            bugs = self._diagnose() if self.check.diagnose else []
            trail = self._trail() if self.check.trail else None
        self.line.send(
            Verdict(passed=passed, bugs=bugs, trail=trail, banned=self.banned, tampered=self.tampered)
        )

    def _passed(self, tests: list[str]) -> bool:
        """Every expected test was seen to pass, and nothing was caught on the way. Nothing graded is never a pass."""
        seen = all(name in self.results and self.results[name].outcome == Outcome.PASSED for name in tests)
        return bool(tests) and seen and not self.banned and not self.tampered

    # ------------------------------------------------------------ running tests

    def _run(self, tests: list[str], purpose: str, seed: int, worker: Worker | None = None) -> bool:
        """Runs tests, in as many workers as it takes, the first of which may be at work already.

        False: the attempt could not be loaded, which has been said.
        """
        pending = list(tests)
        while pending:
            worker = worker or self._worker(purpose, pending, seed)
            try:
                if not self._hear(worker, pending, purpose):
                    return False
            finally:
                self._end(worker)
                worker = None
            if self._stops():
                break
        return True

    def _keep_confirming(self) -> None:
        """A pass is confirmed with other numbers, beside the grading until its first failure: on two cores it costs
        nothing."""
        promising = (
            not self.banned
            and not self.tampered
            and all(done.outcome == Outcome.PASSED for done in self.results.values())
        )
        if self.confirmation is None and promising and self.check.confirm:
            self.confirmation = self._worker("confirm", self.quick, second_seed(self.check.source))
        elif self.confirmation is not None and not promising:
            self._end(self.confirmation)
            self.confirmation = None

    def _worker(self, purpose: Any, tests: list[str], seed: int, **more: Any) -> Worker:
        job = Job(self.check, purpose, list(tests), seed, self.kata.head.forbids, **more)
        worker = Worker(job, self.suite, self.line.connection)
        self.workers.append(worker)
        return worker

    def _end(self, worker: Worker) -> None:
        """Ends a worker, and the daemons that any worker has left behind.

        It is reaped later: to take down a process with torch in it lasts as long as a few tests.
        """
        self.workers.remove(worker)
        known = {worker.pid, *self.ended, *(other.pid for other in self.workers)}
        left = [pid for pid in children(os.getpid()) if pid not in known]
        if worker.pid:
            left += children(worker.pid)
            self.ended.append(worker.pid)
        worker.end()
        if left:
            self._notice([], [Tampering("process")])
            end_children(spare=[other.pid for other in self.workers])

    def _stops(self) -> bool:
        return self.check.fail_fast and any(r.outcome != Outcome.PASSED for r in self.results.values())

    def _hear(self, worker: Worker, pending: list[str], purpose: str) -> bool:
        """One worker's report. What it finished is taken off `pending`."""
        current, loaded = "", False
        if purpose == "grade":
            self._keep_confirming()
        for message in worker.messages(self._seconds(), first=0.0 if self.timeouts else LOADING_SECONDS):
            if isinstance(message, Problem):
                message.output, message.output_cut = worker.output.take()
                self.line.send(message)
                return False
            if isinstance(message, Loaded):
                loaded = True
                self._notice(message.banned, message.tampered)
            elif isinstance(message, TestStarted):
                if message.name not in pending:
                    break
                current = message.name
                if self.suite.tests[current].training:
                    worker.patience.renew(self._seconds(current))
                if purpose == "grade":
                    self.line.send(message)
            elif isinstance(message, Done):
                if message.name not in pending or message.name != current:
                    break
                pending.remove(message.name)
                self._notice(message.banned, message.tampered)
                self._report(message, worker, purpose)
                current = ""
                if purpose == "grade":
                    self._keep_confirming()
                if self.check.fail_fast and message.outcome != Outcome.PASSED:
                    return True
            elif isinstance(message, (Ended, Stumbled)):
                if isinstance(message, Stumbled):
                    message = Ended("grader")
                if not loaded:
                    output, cut = worker.output.take()
                    kind = "timeout" if message.reason == "timeout" else "crashed"
                    self.line.send(Problem(kind=kind, text=message.reason, output=output, output_cut=cut))
                    return False
                self._cut_short(message, current or pending[0], pending, worker, purpose)
                break
        else:
            if pending and isinstance(message, Finished):  # it says it is done, but has not run everything
                self._cut_short(Ended("pipe"), pending[0], pending, worker, purpose)
        return True

    def _cut_short(self, ended: Ended, name: str, pending: list[str], worker: Worker, purpose: str) -> None:
        timeout = ended.reason == "timeout"
        seconds = self._seconds(name) if timeout else 0.0
        self.timeouts += timeout
        outcome = (
            Outcome.TIMEOUT if timeout else Outcome.TAMPERED if ended.reason == "pipe" else Outcome.CRASHED
        )
        if outcome is Outcome.TAMPERED:
            self._notice([], [Tampering("pipe")])
        pending.remove(name)
        self._report(Done(name=name, outcome=outcome, seconds=seconds), worker, purpose, reason=ended.reason)

    def _report(self, done: Done, worker: Worker, purpose: str, reason: str = "") -> None:
        output, cut = worker.output.take()
        confirming = purpose == "confirm"
        if confirming and done.outcome == Outcome.PASSED and not done.banned:
            return
        self.results[done.name] = done
        sentence = self.suite.tests[done.name].sentence
        self.line.send(
            Result(
                done.name, sentence, done.outcome, done.seconds, done.finding, done.raised,
                reason, output, cut, confirming,
            )
        )  # fmt: skip

    def _notice(self, banned: list[Banned], tampered: list[Tampering]) -> None:
        self.banned += [found for found in banned if found not in self.banned]
        self.tampered += [found for found in tampered if found not in self.tampered]

    def _seconds(self, test: str = "") -> float:
        """A test's deadline. Once one has hung, the others get a quarter: most hang for the same reason.

        Training gets more: an attempt whose quick tests ended has no endless loop, and may be slow, all in Python.
        """
        deadline = self.kata.head.deadline
        if self.timeouts:
            return max(2.0, deadline / 4)
        return TRAINING * deadline if test and self.suite.tests[test].training else deadline

    # ------------------------------------------------------------ explaining a failure

    def _evidence(self) -> list[Done]:
        return [self.results[name] for name in self.suite.quick if name in self.results]

    def _diagnose(self) -> list[str]:
        evidence = self._evidence()
        if len(evidence) < len(self.suite.quick) or not can_diagnose(evidence):
            return []
        answer = self._ask(self._worker("diagnose", [], self.check.seed, evidence=evidence), Diagnosed)
        return answer.bugs if answer else []

    def _trail(self) -> Trail | None:
        tests = self.suite.tests
        comparisons = [done for done in self._evidence() if tests[done.name].is_comparison]
        failed = [done.name for done in comparisons if done.outcome == Outcome.FAILED][:TRAILS]
        passed = [done.name for done in comparisons if done.outcome == Outcome.PASSED][:TRAILS]
        if not failed:
            return None
        answer = self._ask(self._worker("trail", failed + passed, self.check.seed), Traced)
        return answer.trail if answer else None

    def _ask(self, worker: Worker, kind: type) -> Any:
        """The one answer of a worker that explains; None if it has none to give. An explanation may fail quietly."""
        try:
            for message in worker.messages(self.kata.head.deadline):
                if isinstance(message, kind):
                    return message
        finally:
            self._end(worker)
        return None


def second_seed(source: str) -> int:
    """Numbers an attempt could not know, the same each time the same file is checked."""
    return int.from_bytes(sha256(source.encode()).digest()[:3], "big") + 1
