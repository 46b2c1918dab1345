"""Lets plain pytest run the grading suites: `python -m pytest tests/katas/test_adam.py --candidate FILE`.

Without --candidate each suite grades its own reference. `dlkata check` uses the same fixtures' names, but
makes the values itself, in a worker.
"""

from pathlib import Path

import pytest
import torch

from dlkata.content.roots import BUILT_IN
from dlkata.grading.work.module import execute_file
from dlkata.suite.journals import journal
from dlkata.suite.settings import setting


def pytest_addoption(parser):
    parser.addoption("--candidate", type=Path, help="the attempt to grade (default: the reference)")
    parser.addoption("--device", default="cpu")
    parser.addoption("--seed", type=int, default=0)


def _reference_file(request) -> Path:
    return BUILT_IN / "solutions" / f"{request.path.stem.removeprefix('test_')}.py"


@pytest.fixture
def reference(request):
    return execute_file(_reference_file(request), "reference")


@pytest.fixture
def candidate(request):
    return execute_file(
        request.config.getoption("--candidate") or _reference_file(request), "candidate", keep=True
    )


@pytest.fixture
def seed(request):
    return request.config.getoption("--seed")


@pytest.fixture(autouse=True)
def _setting(request, seed):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    setting.device = request.config.getoption("--device")
    setting.seed = seed
    journal.clear()
