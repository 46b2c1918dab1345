"""2 · A cold check against plain pytest on the same suite and attempt."""

import os
import sys
from collections.abc import Iterator

from dlkata.content.library import Library
from tests.bench.clock import DLKATA, command, medians
from tests.bench.saving import KATAS


def rows() -> Iterator[tuple[str, float, str]]:
    for kata in map(Library().kata, KATAS):
        attempt = str(kata.reference_file)
        seconds = medians(
            check=command(DLKATA, "check", attempt),
            pytest=command(
                sys.executable, "-m", "pytest", "-q", str(kata.suite_file), "--candidate", attempt,
                OMP_NUM_THREADS="1", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTHONPATH=os.getcwd(),
            ),
        )  # fmt: skip
        yield f"cold `check {kata.name}` / plain pytest", seconds["check"] / seconds["pytest"], "≤ 1.2"
