"""How an interpreter of ours is started."""

import os
import sys
from collections.abc import Mapping

from dlkata.content.roots import PACKAGE

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
MEDDLING = (
    "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONINSPECT",
    "TORCHINDUCTOR_CACHE_DIR",  # where a worker may not write: torch makes its folder in the scratch folder then
)  # fmt: skip


def command(module: str, *arguments: str) -> list[str]:
    """Runs `main` of a module of this very dlkata, even if another one is installed.

    Nothing else is imported from its folder, which stands last once dlkata is there; nor from the current one: a
    learner's torch.py is not taken for torch.
    """
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import dlkata; sys.path.append(sys.path.pop(0)); "
        f"from dlkata.{module} import main; main()"
    )
    return [sys.executable, "-P", "-c", program, str(PACKAGE.parent), *arguments]


def environment(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """One thread, UTF-8, and nothing that changes what Python or pytest do."""
    kept = {name: value for name, value in given.items() if name not in MEDDLING}
    return {**kept, **dict.fromkeys(THREADS, "1"), "PYTHONUTF8": "1"}
