"""Many sources at one suite, one after the other in one process: which test rejects each first?

For authors: mutants, and right attempts under further seeds. A source that hangs or crashes ends the process; whoever
asked goes on with the next one in another. Nothing is watched here: what an attempt may not do was looked at before.
"""

from types import ModuleType

from dlkata.grading.collection import Suite
from dlkata.grading.protocol import Problem
from dlkata.grading.work.bans import BanWatch
from dlkata.grading.work.contract import breach
from dlkata.grading.work.job import Job
from dlkata.grading.work.module import execute, execute_file
from dlkata.grading.work.run import load_problem, perform
from dlkata.grading.work.surroundings import Surroundings

FILE = "<attempt>"


class Trial:
    def __init__(self, job: Job, suite: Suite):
        self.job, self.suite = job, suite
        self.reference = execute_file(job.reference_file, "reference")
        self.stub = execute_file(job.file("katas", f"{job.check.stem}.py"), "stub")
        self.surroundings = Surroundings()

    def rejects(self, source: str) -> str:
        """The test, or the kind of problem, that turns it away; "" if nothing does."""
        attempt = self._loaded(source)
        if isinstance(attempt, Problem):
            return attempt.kind
        for seed in self.job.check.seeds:
            for name in self.suite.quick:
                error = perform(self.suite.tests[name], attempt, self.reference, seed)
                self.surroundings.restore()
                if error is not None:
                    return name
        return ""

    def _loaded(self, source: str) -> ModuleType | Problem:
        try:
            attempt = execute(source, FILE, "attempt", keep=True)
            found = breach(attempt, self.stub, BanWatch([], FILE, []))
        except BaseException as error:
            return load_problem(error, FILE)
        finally:
            self.surroundings.restore()
        return found if isinstance(found, Problem) else attempt
