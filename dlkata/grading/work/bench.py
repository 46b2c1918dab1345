"""The attempt under test, with everything that watches it."""

import ast
import concurrent.futures.thread
import linecache
import os
import sys
import tempfile
import threading
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from time import monotonic, perf_counter
from types import ModuleType

from dlkata.content.roots import BUILT_IN, PACKAGE
from dlkata.grading.collection import Suite, SuiteTest
from dlkata.grading.explain.journal import to_wire
from dlkata.grading.place.injection import Injection
from dlkata.grading.place.locating import locate
from dlkata.grading.protocol import Banned, Done, Outcome, Place, Problem, Tampering
from dlkata.grading.reading import untouched
from dlkata.grading.work import absence
from dlkata.grading.work.bans import OPTIMIZERS, BanWatch
from dlkata.grading.work.contract import breach
from dlkata.grading.work.entrances import all_in_sight, mark_entrances
from dlkata.grading.work.guard import Guard
from dlkata.grading.work.integrity import Integrity
from dlkata.grading.work.job import Job
from dlkata.grading.work.landlock import close_files, python_paths, seclude
from dlkata.grading.work.module import execute, execute_file
from dlkata.grading.work.nets import (
    name_lines_in_warnings,
    watch_optimizers,
    watch_python,
    watch_threads,
    watched,
    watching,
)
from dlkata.grading.work.run import ending, load_problem, perform
from dlkata.grading.work.seccomp import refuse_channels
from dlkata.grading.work.surroundings import Surroundings
from dlkata.suite.journals import journal as judged

POOLS = concurrent.futures.thread._threads_queues  # their idle threads end with the process
HIDDEN: list[ModuleType] = []  # kept, for a module that is let go takes its time to be cleared
GRACE = 0.2  # seconds for threads that are about to end


class Bench:
    """The attempt under test with everything that watches it."""

    def __init__(self, job: Job, suite: Suite, *, alone: bool = False):
        """`alone`: without the reference, for which the attempt stands in, and without ears: see `absence`."""
        self.job, self.suite, self.alone = job, suite, alone
        self.attempt_file = job.check.attempt
        # By a name that tells nothing: an attempt once read the reference from sys.modules.
        self.stub = execute_file(job.file("katas", f"{job.check.stem}.py"), "stub")
        self.reference_source = "" if alone else job.reference_file.read_text(encoding="utf-8")
        self.reference = (
            self.stub if alone else execute(self.reference_source, job.reference_file, "reference")
        )
        ours = [str(suite.file), str(job.reference_file)]
        self.watch = BanWatch(job.forbids, self.attempt_file, ours)
        self.watch_whole_tests = False
        if alone:
            absence.remove(self.watch, engine_of_suite=suite.goes_backward)
        folders = [str(job.file(name)) for name in ("solutions", "tests")]
        emptied = self.watch.loading if alone and self.watch.forbids_something else None
        self.guard = Guard(self.attempt_file, ours, [*folders, *job.check.private], emptied)
        self.integrity = Integrity([suite.module])
        if job.scratch:
            os.environ["TMPDIR"] = tempfile.tempdir = job.scratch
        self.surroundings = Surroundings()
        self.known_threads: set[threading.Thread] = set()
        self.reported: set[Banned | Tampering] = set()
        if not alone:
            self._listen()
        name_lines_in_warnings(self.watch)
        hide_grader()
        self.guard.install()

    def _listen(self) -> None:
        watch_python(self.watch)
        if OPTIMIZERS in self.job.forbids or any(test.training for test in self.suite.tests.values()):
            watch_optimizers(self.watch)
        watch_threads(self.watch)

    def load(self) -> ModuleType | Problem:
        """The attempt as a module, or why it cannot be graded."""
        source = self.job.check.source
        try:
            if untouched(source, self.stub_source):
                return Problem(kind="stub")
        except SyntaxError:
            pass  # said below, with its line
        self._shut_in()
        try:
            self.guard.on = True
            with nullcontext() if self.alone else watching(self.watch):
                attempt = self._execute(source)
                if self.alone:
                    self.reference = self._execute(source)
        except BaseException as error:
            return load_problem(error, self.attempt_file)
        finally:
            self.guard.on = False
            self.surroundings.restore()
        found = breach(attempt, self.stub, self.watch)
        if isinstance(found, Problem):
            return found
        if found is not None:
            self.watch.caught.append(found)
        return attempt

    def _shut_in(self) -> None:
        """What is needed was read; from here on the kernel says what may be, if it can."""
        check, root = self.job.check, Path(self.job.check.root).resolve()
        if check.device != "cpu" or not self.job.scratch:
            return  # drivers of GPUs want more than we can tell
        if self.alone:
            linecache.clearcache()  # sources of torch
            seclude()
        scratch, private = Path(self.job.scratch), [Path(folder).resolve() for folder in check.private]
        folder = Path(check.attempt).resolve().parent
        own = [Path(check.attempt)] if any(p.is_relative_to(folder) for p in private) else [folder]
        # Suites of packs read the digits of ours, too.
        content = [root / "katas", *(home / "tests" / "katas" / "data" for home in (root, BUILT_IN))]
        hidden = [root / "solutions", root / "tests", scratch.parent, *private]
        close_files([*python_paths(PACKAGE), *content, *own], [scratch], hidden)
        refuse_channels()

    def _execute(self, source: str) -> ModuleType:
        if self.alone or self.job.purpose == "locate" or not self.watch.forbids_something:
            return execute(source, self.attempt_file, "attempt", keep=True)
        tree = ast.parse(source, self.attempt_file)
        self.watch_whole_tests = not all_in_sight(tree)
        mark = mark_entrances(tree)
        given = {mark: watched(self.watch)}
        return execute(source, self.attempt_file, "attempt", keep=True, tree=tree, given=given)

    @property
    def stub_source(self) -> str:
        return self.job.file("katas", f"{self.job.check.stem}.py").read_text(encoding="utf-8")

    def locate(self) -> Place | None:
        """Where it goes wrong, by the failing tests of the job."""
        self.guard.on = True
        try:
            injection = Injection(
                self.job.check.source,
                self.reference_source,
                self.job.seed,
                self.attempt_file,
                self.surroundings.restore,
            )
            edited = {
                done.name for done in self.job.evidence if done.finding and done.finding.kind == "edited"
            }
            tests = [self.suite.tests[name] for name in self.job.tests]
            return locate(injection, tests, [test for test in tests if test.name in edited])
        finally:
            self.guard.on = False
            self.surroundings.restore()

    def run(self, test: SuiteTest, attempt: ModuleType) -> Done:
        seed = self.job.seed
        if self.job.purpose == "confirm" and self._wants_a_close_look(test):
            self._supervise(test, attempt, seed, closely=True)  # for its bans alone
        start = perf_counter()
        error = self._supervise(test, attempt, seed)
        seconds = perf_counter() - start
        outcome, finding, raised = ending(error, self.attempt_file, str(self.suite.file))
        if self.alone:
            journal = to_wire(judged.observations, None)
        elif outcome == Outcome.PASSED:
            journal = []
        else:
            journal = None if test.training else to_wire(judged.observations)
        banned, tampered = self.noticed()
        if tampered:
            outcome = Outcome.TAMPERED
        elif banned:
            outcome = Outcome.BANNED
        return Done(
            name=test.name, outcome=outcome, seconds=seconds, finding=finding, raised=raised, journal=journal,
            banned=banned, tampered=tampered,
        )  # fmt: skip

    def _supervise(
        self, test: SuiteTest, attempt: ModuleType, seed: int, closely: bool = False
    ) -> BaseException | None:
        self.guard.on = True
        try:
            with (
                watching(self.watch, closely=closely) if closely or self.watch_whole_tests else nullcontext()
            ):
                return perform(test, attempt, self.reference, seed)
        except BaseException as error:  # an attempt that entered a mode of its own makes leaving ours fail
            return error
        finally:
            self.guard.on = False
            self.surroundings.restore()
            flush()

    def _wants_a_close_look(self, test: SuiteTest) -> bool:
        """The first comparison that goes backward; where none does, the first of all."""
        comparisons = [t for t in self.suite.tests.values() if t.is_comparison and not t.training]
        backward = [t for t in comparisons if t.reaches_backward]
        return test in (backward or comparisons)[:1]

    def noticed(self) -> tuple[list[Banned], list[Tampering]]:
        """What was caught and not reported yet."""
        banned = [found for found in self.watch.caught if found not in self.reported]
        suspected = [*self.integrity.violations(), *self.guard.caught, *self._threads()]
        tampered = [found for found in suspected if found not in self.reported]
        self.reported.update(banned, tampered)
        return banned, tampered

    def _threads(self) -> list[Tampering]:
        """Threads that the attempt started and did not wait for. (A dummy is torch's own, seen from Python.)"""
        until = monotonic() + GRACE
        left = []
        for thread in threading.enumerate():
            ours = thread is threading.main_thread() or isinstance(thread, threading._DummyThread)
            if ours or thread in self.known_threads or thread in POOLS:
                continue
            thread.join(max(0.0, until - monotonic()))
            if thread.is_alive():
                self.known_threads.add(thread)
                name = thread.name.partition("(")[2].rstrip(")") or thread.name  # Thread-7 (wait)
                left.append(Tampering("thread", name))
        return left[:1]


@cache
def grader_modules() -> list[str]:
    """Looked up once in the process that forks: to look through sys.modules touches thousands of pages."""
    return [name for name in sys.modules if name.startswith("dlkata")]


def hide_grader() -> None:
    """Takes the grader out of sys.modules: importing it again is seen by the guard. (Suites never stay there.)"""
    for name in grader_modules():
        HIDDEN.append(sys.modules.pop(name))


def flush() -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            pass  # the attempt closed it
