"""Collects a suite once, with pytest, so that a worker only has to call the tests."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dlkata.errors import DlkataError
from dlkata.grading.protocol import Sentence
from dlkata.locale import _

FIXTURES = {"candidate", "reference", "seed"}
# Nothing of the learner's pytest takes part: no settings, no conftest, no plugins, no cache.
OPTIONS = [
    "--collect-only", "--noconftest", "--import-mode=importlib", "-c", os.devnull,
    *("-p no:" + name for name in ("cacheprovider", "terminal", "capture", "unraisableexception",
                                   "threadexception", "warnings", "logging", "junitxml", "pastebin", "faulthandler")),
]  # fmt: skip


GRADIENTS = {"differentiate", "gradients"}  # of the vocabulary


@dataclass(frozen=True)
class SuiteTest:
    name: str
    sentence: Sentence
    function: Callable[..., None]
    parameters: dict[str, Any]  # of a parametrised test
    fixtures: frozenset[str]
    training: bool

    @property
    def is_comparison(self) -> bool:
        return "reference" in self.fixtures

    @property
    def reaches_backward(self) -> bool:
        return any("grad" in name or "backward" in name for name in self.function.__code__.co_names)


@dataclass(frozen=True)
class Suite:
    file: Path
    tests: dict[str, SuiteTest]  # in the order they run: training last
    module: ModuleType

    @property
    def quick(self) -> list[str]:
        return [name for name, test in self.tests.items() if not test.training]

    @property
    def goes_backward(self) -> bool:
        """It takes gradients of what an attempt computes."""
        return not GRADIENTS.isdisjoint(vars(self.module))


class _Collector:
    def __init__(self) -> None:
        self.items: list[Any] = []
        self.errors: list[str] = []

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.errors.append(str(report.longrepr))

    def pytest_collection_finish(self, session: Any) -> None:
        self.items = list(session.items)


def collect(file: Path) -> Suite:
    collector = _Collector()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    options = [
        *OPTIONS,
        "-o",
        "markers=training: trains the attempt",
        "--rootdir",
        str(file.parent),
        str(file),
    ]
    pytest.main(options, plugins=[collector])
    if collector.errors or not collector.items:
        reason = collector.errors[0].strip().splitlines()[-1] if collector.errors else _("it has no tests")
        raise DlkataError(_("The suite {file} cannot be collected: {reason}.", file=file, reason=reason))
    # Out of sys.modules with it: pytest would take it for the next suite of that name (a pack's, or an edited one).
    module = sys.modules.pop(collector.items[0].module.__name__)
    tests = [_test(item) for item in collector.items]
    tests.sort(key=lambda test: test.training)
    return Suite(file, {test.name: test for test in tests}, module)


def _test(item: Any) -> SuiteTest:
    parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    fixtures = frozenset(item.fixturenames) - set(parameters) - {"request"}
    if strangers := fixtures - FIXTURES:
        raise DlkataError(
            _(
                "{file}: {test} asks for {names}.",
                file=item.path,
                test=item.name,
                names=", ".join(sorted(strangers)),
            ),
            _("A suite's fixtures are candidate, reference and seed; write a function for the rest."),
        )
    training = item.get_closest_marker("training") is not None
    return SuiteTest(item.name, sentence_of(item.function), item.function, parameters, fixtures, training)


def sentence_of(function: Callable[..., None]) -> Sentence:
    """The two lines of a test's docstring: English, then Chinese."""
    lines = [line.strip() for line in (function.__doc__ or "").strip().splitlines() if line.strip()]
    readable = function.__name__.removeprefix("test_").replace("_", " ")
    return Sentence(lines[0] if lines else readable, lines[1] if len(lines) > 1 else readable)
