"""Calls one collected test and says how it ended."""

import random
import re
import traceback
from types import ModuleType, TracebackType

import numpy as np
import torch

from dlkata.grading.collection import SuiteTest
from dlkata.grading.protocol import Frame, Outcome, Problem, Raised
from dlkata.grading.reading import syntax_problem
from dlkata.suite.finding import Finding, Mismatch
from dlkata.suite.journals import journal
from dlkata.suite.settings import setting
from dlkata.texts import as_text

MEMORY_WORDS = ("can't allocate memory", "out of memory", "not enough memory")
TEXT = 600
STREAM = 1_000_003  # between the seeds of two streams
PATH = re.compile(r" \((?:/|unknown)[^)]*\)$")  # where torch lies tells a learner nothing


def perform(
    test: SuiteTest, candidate: ModuleType, reference: ModuleType, seed: int, stream: int = 0
) -> BaseException | None:
    """Runs a test from a clean journal and a seeded start; what it raised is the answer.

    `stream`: random numbers that the test does not draw from its seed come from another stream.
    """
    journal.clear()
    setting.seed = seed
    start = seed + stream * STREAM
    torch.manual_seed(start)
    random.seed(start)
    np.random.seed(start % 2**32)
    fixtures = {"candidate": candidate, "reference": reference, "seed": seed}
    try:
        test.function(**{name: fixtures[name] for name in test.fixtures}, **test.parameters)
    except BaseException as error:
        return error
    return None


def ending(
    error: BaseException | None, attempt: str, suite_file: str
) -> tuple[Outcome, Finding | None, Raised | None]:
    """What the learner is told of it."""
    if error is None:
        return Outcome.PASSED, None, None
    if isinstance(error, Mismatch):
        return Outcome.FAILED, error.finding, None
    raised = describe(error, attempt)
    if isinstance(error, NotImplementedError) and _last_file(error) == attempt:  # torch raises it as well
        return Outcome.UNFINISHED, None, raised
    own_assertion = _innermost(error.__traceback__, {attempt, suite_file}) == attempt
    if isinstance(error, AssertionError) and not own_assertion:
        return Outcome.FAILED, Finding("assertion", actual=_first_line(error)), None
    return Outcome.RAISED, None, raised


def load_problem(error: BaseException, attempt: str) -> Problem:
    """Why the attempt's file could not be executed."""
    if isinstance(error, SyntaxError) and error.filename == attempt:
        return syntax_problem(error)
    raised = describe(error, attempt)
    innermost = raised.frames[-1] if raised.frames else Frame(0, "", "")
    kind = {ImportError: "import", ModuleNotFoundError: "import", SystemExit: "exit"}.get(
        type(error), "raised"
    )
    text = PATH.sub("", raised.text)
    return Problem(kind=kind, text=text, line=innermost.line, code=innermost.code, raised=raised)


def describe(error: BaseException, attempt: str) -> Raised:
    kind = type(error).__name__
    text = _first_line(error)
    if isinstance(error, MemoryError) or any(words in text for words in MEMORY_WORDS):
        kind = "MemoryError"
    return Raised(kind, text, frames_of(error, attempt))


def frames_of(error: BaseException, attempt: str) -> list[Frame]:
    """The attempt's own lines, the innermost last; a recursion's are cut."""
    found = [
        Frame(entry.lineno or 0, entry.name, (entry.line or "").strip())
        for entry in traceback.extract_tb(error.__traceback__)
        if entry.filename == attempt
    ]
    return found if len(found) <= 6 else [*found[:2], *found[-3:]]


def _innermost(trace: TracebackType | None, files: set[str]) -> str:
    last = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        last = file if file in files else last
        trace = trace.tb_next
    return last


def _last_file(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_filename if trace is not None else ""


def _first_line(error: BaseException) -> str:
    try:
        text = str(str(error))
    except Exception:  # an attempt's own exception class may fail to print itself
        text = "?"
    return as_text(text.strip().split("\n", 1)[0][:TEXT])
