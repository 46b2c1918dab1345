"""3 · From save to verdict in a warm host, against its floor and against a cold check.

The floor is measured in the same run: a bare fork of a warm process, the suite's own compute in it, and the
watcher's debounce (two looks at the file).
"""

import os
import socket
import time
from collections.abc import Iterator

from dlkata.author.proof import check_of, grade
from dlkata.content.library import Library
from dlkata.grading.client import warm
from dlkata.progress.saves import PAUSE
from tests.bench.clock import DLKATA, command, medians

DEBOUNCE = 2 * PAUSE
KATAS = ("attention", "layernorm", "adam", "softmax_ce")


def rows() -> Iterator[tuple[str, float, str]]:
    for kata in map(Library().kata, KATAS):
        with warm() as open_line, Floor(kata) as floor:
            check = check_of(kata, kata.reference, "reference", repeated=True)
            tasks = {"floor": floor.run, "saved": lambda check=check: grade(open_line(), check)}
            seconds = medians(between=rest, **tasks)
            cold = medians(3, cold=command(DLKATA, "check", str(kata.reference_file)))["cold"]
        saved, ground = seconds["saved"] + DEBOUNCE, seconds["floor"] + DEBOUNCE
        yield f"save-to-verdict `{kata.name}` / floor ({ground * 1000:.0f} ms)", saved / ground, "≤ 1.5"
        target = "≤ 0.1" if kata.name in ("attention", "layernorm") else ""
        yield f"save-to-verdict `{kata.name}` / cold check", saved / cold, target


def rest() -> None:
    """Nobody saves twice in half a second: what the check before has left to do is done."""
    time.sleep(0.5)


class Floor:
    """A warm process that forks and runs the collected tests, and nothing else."""

    def __init__(self, kata):
        self.kata = kata

    def __enter__(self):
        self.ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self.ours.close()
            _serve(self.kata, theirs)
        theirs.close()
        self.ours.recv(1)
        return self

    def run(self):
        self.ours.send(b"g")
        assert self.ours.recv(1) == b"p", "the reference must pass"

    def __exit__(self, *_error):
        self.ours.close()
        os.waitpid(self.pid, 0)


def _serve(kata, line) -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    import gc

    from dlkata.grading.collection import collect
    from dlkata.grading.work.preloading import preload_gradients, preload_optimizers

    preload_gradients()
    preload_optimizers()
    suite = collect(kata.suite_file)
    gc.collect()
    gc.freeze()
    line.send(b"r")
    while line.recv(1):
        pid = os.fork()
        if pid == 0:
            os._exit(_run(kata, suite))
        line.send(b"p" if os.waitpid(pid, 0)[1] == 0 else b"f")
    os._exit(0)


def _run(kata, suite) -> int:
    import torch

    from dlkata.grading.work.module import execute_file
    from dlkata.grading.work.run import perform

    torch.set_num_threads(1)
    reference = execute_file(kata.reference_file, "reference")
    candidate = execute_file(kata.reference_file, "candidate", keep=True)
    return int(any(perform(test, candidate, reference, 0) is not None for test in suite.tests.values()))
