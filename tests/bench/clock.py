"""Medians of interleaved runs: a noisy machine slows both sides of a ratio alike."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

RUNS = 9
BIN = os.path.dirname(sys.executable)
DLKATA = os.path.join(BIN, "dlkata")


def medians(
    runs: int = RUNS, /, *, between: Callable[[], object] = lambda: None, **tasks: Callable[[], object]
) -> dict[str, float]:
    """The median seconds of each task, run in turn; what is done `between` two of them does not count."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(runs + 1):
        for name, task in tasks.items():
            between()
            start = time.perf_counter()
            task()
            if number:  # the first round warms the disk cache
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def command(*arguments: str, **environment: str) -> Callable[[], object]:
    def run() -> object:
        return subprocess.run(arguments, capture_output=True, env={**os.environ, **environment}, check=False)

    return run
