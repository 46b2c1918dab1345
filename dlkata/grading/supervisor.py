"""Grades one attempt: starts workers, keeps their deadlines, and turns what they say into a verdict.

The supervisor never runs a line of the attempt and never a torch op, so that forking from it is safe.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from dlkata.content.kata import Kata, read_kata
from dlkata.grading.collection import Suite
from dlkata.grading.confirming import Confirmation
from dlkata.grading.desks import Desk
from dlkata.grading.explaining import Explanation, explain
from dlkata.grading.protocol import (
    MOST_TIMEOUTS,
    Banned,
    Check,
    Confirming,
    Default,
    Done,
    Fault,
    Finished,
    Loaded,
    Outcome,
    Plan,
    Problem,
    Raised,
    Result,
    Stumbled,
    Tampering,
    TestStarted,
    Verdict,
)
from dlkata.grading.research import research
from dlkata.grading.wire import Line
from dlkata.grading.work.confinement import become_subreaper, children, end_children, reap
from dlkata.grading.work.job import Job
from dlkata.grading.workers import LOADING_SECONDS, Abandoned, Ended, Process, Worker, start
from dlkata.suite.finding import Finding

TRAINING = 4  # times the deadline of the other tests


class Supervisor:
    def __init__(self, check: Check, suite: Suite, line: Line, desk: Desk | None = None):
        self.check = check
        self.suite = suite
        self.line = line
        self.desk = desk  # made ready for this check
        self.kata: Kata = read_kata(Path(check.root), check.stem)
        self.results: dict[str, Done] = {}
        self.defaults: list[Default] = []
        self.banned: list[Banned] = []
        self.tampered: list[Tampering] = []
        self.timeouts = 0
        self.workers: list[Worker] = []
        self.ended: list[int] = []  # process ids of workers that were killed and may not be reaped yet
        self.quick: list[str] = []
        self.scratch = ""
        self.confirmation: Confirmation | None = None

    def grade(self) -> None:
        """The whole check: tests, a second seed, diagnosis, place, verdict."""
        become_subreaper()
        self.scratch = tempfile.mkdtemp(prefix="dlkata-")
        try:
            if self.check.prove or self.check.alarms or self.check.sources:
                research(self)
            else:
                self._grade()
        except (Abandoned, BrokenPipeError):
            pass
        except Exception:
            import traceback

            self.line.send(Fault(traceback.format_exc()))
        finally:
            if self.desk is not None:
                self.desk.close()
            reap(self.ended)
            shutil.rmtree(self.scratch, ignore_errors=True)

    def _grade(self) -> None:
        tests = list(self.suite.tests) if self.check.training else self.suite.quick
        self.line.send(Plan([(name, self.suite.tests[name].sentence) for name in tests], self.check.device))
        self.quick = [name for name in tests if not self.suite.tests[name].training]
        if not self._run(tests, "grade", self.check.seed):
            return
        if self.confirmation is not None and self._passed(tests):
            if not self._confirmed(self.confirmation):
                return  # it loaded once and not again, which has been said: that is no pass
        elif self.confirmation is not None:
            self.confirmation.end()
        passed = self._passed(tests)
        told = Explanation()
        if not passed and not self.banned and not self.tampered:
            told = explain(self)
        self.line.send(
            Verdict(
                passed=passed,
                bugs=told.named.bugs,
                cut_off=told.named.cut_off,
                place=told.place,
                defaults=self.defaults,
                banned=self.banned,
                tampered=self.tampered,
            )
        )

    def _passed(self, tests: list[str]) -> bool:
        """Every expected test was seen to pass, and nothing was caught on the way. Nothing graded is never a pass."""
        seen = all(name in self.results and self.results[name].outcome == Outcome.PASSED for name in tests)
        return bool(tests) and seen and not self.banned and not self.tampered

    # ------------------------------------------------------------ running tests

    def _run(self, tests: list[str], purpose: str, seed: int) -> bool:
        """Runs tests, in as many workers as it takes. False: the attempt could not be loaded, which has been said."""
        pending = list(tests)
        while pending:
            worker = self.worker(purpose, pending, seed)
            try:
                if not self._hear(worker, pending, purpose):
                    return False
            finally:
                self.end(worker)
            if self._stops():
                break
        return True

    def _confirmed(self, confirmation: Confirmation) -> bool:
        """Sets room and desk side by side. Where they disagree, tests with the room's numbers say why, if they can.

        False: the attempt could not be loaded, which has been said.
        """
        self.line.send(Confirming())
        names = confirmation.disagreements()
        if not names:
            return True
        if not self._run(self.quick, "confirm", confirmation.seed):
            return False
        if self._passed(self.quick):
            for name in names:
                finding = Finding("unconfirmed", name)
                self._tell(
                    Done(name=name, outcome=Outcome.FAILED, seconds=0.0, finding=finding), confirming=True
                )
        return True

    def _keep_confirming(self, worker: Worker) -> None:
        """A pass is confirmed with other numbers, beside the grading until its first failure: on two cores it costs
        little."""
        promising = (
            not self.banned
            and not self.tampered
            and all(done.outcome == Outcome.PASSED for done in self.results.values())
        )
        if self.confirmation is None and promising and self.check.confirm:
            self.confirmation = Confirmation(self)
            self.confirmation.listen_beside(worker)
        elif self.confirmation is not None and not promising:
            self.confirmation.end()
            self.confirmation = None

    def worker(self, purpose: Any, tests: list[str], seed: int, **more: Any) -> Worker:
        scratch = tempfile.mkdtemp(dir=self.scratch)  # its own: what one knows, another must not read there
        job = Job(self.check, purpose, tests, seed, self.kata.head.forbids, scratch=scratch, **more)
        return self.hear(start(job, self.suite))

    def hear(self, process: Process) -> Worker:
        worker = Worker(process, self.line.connection)
        self.workers.append(worker)
        return worker

    def end(self, worker: Worker) -> None:
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
            self.notice([], [Tampering("process")])
            end_children(spare=[other.pid for other in self.workers])

    def _stops(self) -> bool:
        """Whoever has hung twice would hang again: the rest is not run."""
        failed = any(r.outcome != Outcome.PASSED for r in self.results.values())
        return self.timeouts >= MOST_TIMEOUTS or (self.check.fail_fast and failed)

    def _hear(self, worker: Worker, pending: list[str], purpose: str) -> bool:
        """One worker's report. What it finished is taken off `pending`."""
        current, loaded = "", False
        if purpose == "grade":
            self._keep_confirming(worker)
        for message in worker.messages(self._seconds(), first=0.0 if self.timeouts else LOADING_SECONDS):
            if isinstance(message, Problem):
                message.output, message.output_cut = worker.output.take()
                self.line.send(message)
                return False
            if isinstance(message, Loaded):
                loaded, self.defaults = True, message.defaults
                self.notice(message.banned, message.tampered)
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
                self.notice(message.banned, message.tampered)
                self._report(message, worker, purpose)
                current = ""
                if purpose == "grade":
                    self._keep_confirming(worker)
                if self.check.fail_fast and message.outcome != Outcome.PASSED:
                    return True
            elif isinstance(message, (Ended, Stumbled)):
                if isinstance(message, Stumbled):
                    message = Ended("grader")
                if not loaded:
                    self.line.send(self._unloadable(message, worker))
                    return False
                self._cut_short(message, current or pending[0], pending, worker, purpose)
                break
        else:
            if pending and isinstance(message, Finished):  # it says it is done, but has not run everything
                self._cut_short(Ended("pipe"), pending[0], pending, worker, purpose)
        return True

    def _unloadable(self, ended: Ended, worker: Worker) -> Problem:
        output, cut = worker.output.take()
        kind = "timeout" if ended.reason == "timeout" else "crashed"
        found = Problem(kind=kind, text=ended.reason, output=output, output_cut=cut)
        if kind == "timeout" and (place := worker.place(self.check.attempt, self.check.source)) is not None:
            found.line, found.code = place.line, place.code
        return found

    def _cut_short(self, ended: Ended, name: str, pending: list[str], worker: Worker, purpose: str) -> None:
        timeout = ended.reason == "timeout"
        seconds = self._seconds(name) if timeout else 0.0
        self.timeouts += timeout
        outcome = (
            Outcome.TIMEOUT if timeout else Outcome.TAMPERED if ended.reason == "pipe" else Outcome.CRASHED
        )
        if outcome is Outcome.TAMPERED:
            self.notice([], [Tampering("pipe")])
        pending.remove(name)
        place = worker.place(self.check.attempt, self.check.source) if timeout else None
        raised = Raised("Timeout", "", [place]) if place is not None else None
        done = Done(name=name, outcome=outcome, seconds=seconds, raised=raised)
        self._report(done, worker, purpose, reason=ended.reason)

    def _report(self, done: Done, worker: Worker, purpose: str, reason: str = "") -> None:
        output, cut = worker.output.take()
        confirming = purpose == "confirm"
        if confirming and done.outcome == Outcome.PASSED and not done.banned:
            return
        self._tell(done, reason, output, cut, confirming)

    def _tell(
        self, done: Done, reason: str = "", output: str = "", cut: int = 0, confirming: bool = False
    ) -> None:
        self.results[done.name] = done
        sentence = self.suite.tests[done.name].sentence
        self.line.send(
            Result(
                done.name, sentence, done.outcome, done.seconds, done.finding, done.raised,
                reason, output, cut, confirming,
            )
        )  # fmt: skip

    def notice(self, banned: list[Banned], tampered: list[Tampering]) -> None:
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
