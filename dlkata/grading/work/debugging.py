"""`check --debug`: the tests in the foreground, so that print, breakpoint() and Ctrl-C do what they always do."""

import sys
from pathlib import Path
from time import perf_counter

import torch

from dlkata.content.kata import read_kata
from dlkata.grading.collection import Suite
from dlkata.grading.protocol import Check, Outcome, Plan, Problem, Result, TestStarted, Verdict
from dlkata.grading.reading import untouched
from dlkata.grading.wire import Line
from dlkata.grading.work.bans import BanWatch
from dlkata.grading.work.contract import breach
from dlkata.grading.work.module import execute, execute_file
from dlkata.grading.work.run import ending, load_problem, perform
from dlkata.grading.work.worker import use_device


def run(check: Check, suite: Suite, line: Line) -> None:
    torch.set_num_threads(1)
    kata = read_kata(Path(check.root), check.stem)
    line.send(Plan([(name, test.sentence) for name, test in suite.tests.items()], check.device))
    reference = execute_file(kata.reference_file, "reference")
    problem = use_device(check.device)
    if problem is None:
        try:
            if untouched(check.source, kata.stub):
                problem = Problem(kind="stub")
            else:
                attempt = execute(check.source, check.attempt, "attempt", keep=True)
                found = breach(
                    attempt, execute(kata.stub, kata.stub_file, "stub"), BanWatch([], check.attempt, [])
                )
                problem = found if isinstance(found, Problem) else None
        except BaseException as error:
            problem = load_problem(error, check.attempt)
    if problem is not None:
        line.send(problem)
        return
    passed = True
    for name, test in suite.tests.items():
        start = perf_counter()
        ended = perform(test, attempt, reference, check.seed)
        outcome, finding, raised = ending(ended, check.attempt, str(suite.file))
        sys.stdout.flush()
        passed = passed and outcome == Outcome.PASSED
        line.send(TestStarted(name))
        line.send(Result(name, test.sentence, outcome, perf_counter() - start, finding, raised))
    line.send(Verdict(passed=passed))
