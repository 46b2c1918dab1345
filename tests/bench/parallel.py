"""4 · All references side by side, against one after the other in one warm host, and against plain pytest."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from dlkata.author.proof import check_of, grade
from dlkata.content.library import Library
from dlkata.grading.client import warm
from tests.bench.clock import command, medians

REPEATED = 4  # with four katas the last one alone would decide


def rows() -> Iterator[tuple[str, float, str]]:
    katas = Library().katas
    # Without its confirmation, which runs beside it, a check keeps one core busy: what a pool of them can gain shows.
    checks = [check_of(kata, kata.reference, "reference", confirm=False) for kata in katas] * REPEATED
    cores = os.cpu_count() or 1
    plain = [
        command(sys.executable, "-m", "pytest", "-q", str(kata.suite_file), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", OMP_NUM_THREADS="1")
        for kata in katas
    ]  # fmt: skip
    with warm() as open_line, ThreadPoolExecutor(cores) as pool:

        def one_after_the_other() -> None:
            for check in checks:
                grade(open_line(), check)

        def side_by_side() -> None:
            list(pool.map(lambda check: grade(open_line(), check), checks))

        seconds = medians(serial=one_after_the_other, parallel=side_by_side)
    pytest = medians(3, pytest=lambda: [run() for run in plain])["pytest"] * REPEATED
    yield f"parallel gain on {cores} cores", seconds["serial"] / seconds["parallel"], "≥ 1.7 on 2"
    yield "all references: side by side / plain pytest one by one", seconds["parallel"] / pytest, ""
