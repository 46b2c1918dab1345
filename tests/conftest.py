"""Every test has a home of its own: nothing of the user's is read or written, and nothing needs the network."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dlkata.grading import client
from dlkata.locale import use_language

ROOT = Path(__file__).parent.parent
SECONDS = 300  # a command that takes longer hangs

# Ctrl-C is tested: what we start must not inherit that it is ignored, as it is in a script's background.
signal.signal(signal.SIGINT, signal.default_int_handler)


REMOVED = ("NO_COLOR", "EDITOR", "VISUAL", "COLUMNS", "LINES", "CI")
REMOVED_PREFIXES = ("DLKATA", "LC_", "LANG", "PYTEST_", "XDG_")


def _move_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with this home, and nothing in it that says how the tests are run."""
    for name in list(os.environ):
        ours = name == "PYTEST_CURRENT_TEST" or name.startswith("PYTEST_XDIST")
        if not ours and (name in REMOVED or name.startswith(REMOVED_PREFIXES)):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("DLKATA_HOME", str(folder / "data"))
    monkeypatch.setenv("DLKATA_WORKSPACE", str(folder / "work"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch) -> Path:
    folder = tmp_path_factory.mktemp("home")
    _move_to(folder, monkeypatch)
    yield folder
    use_language("en")


SECONDS_BY_KIND: dict[str, float] = {}


def pytest_runtest_logreport(report):
    """Where a run's time goes, by kind: the tests of a file, and of content by what is done with it."""
    file, _colons, rest = report.nodeid.partition("::")
    name = rest.partition("[")[0] if file.endswith("test_content.py") else ""
    kind = f"{Path(file).name} {name.removeprefix('test_')}".strip()
    SECONDS_BY_KIND[kind] = SECONDS_BY_KIND.get(kind, 0.0) + report.duration


def pytest_terminal_summary(terminalreporter):
    if terminalreporter.config.getoption("durations"):
        terminalreporter.section("seconds by kind")
        for kind, seconds in sorted(SECONDS_BY_KIND.items(), key=lambda entry: -entry[1]):
            if seconds >= 1:
                terminalreporter.line(f"{seconds:7.1f}  {kind}")


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


def run(*arguments: str, stdin: str | None = None, timeout: float = SECONDS, **environment: str) -> Ran:
    """The real command, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "dlkata", *arguments],
        capture_output=True,
        encoding="utf-8",
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        timeout=timeout,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def dlkata():
    return run


@pytest.fixture(scope="session")
def warm_folder(tmp_path_factory):
    """A warm host for the whole session, where `dlkata check` finds it."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as monkeypatch:
        _move_to(folder, monkeypatch)
        with client.warm(client.shared_path()) as open_line:
            open_line().close()
            monkeypatch.undo()
            yield folder


@pytest.fixture
def warm(warm_folder, home, monkeypatch):
    """The command, graded by the session's warm host: seconds instead of tens."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(warm_folder))
    monkeypatch.setenv("HOME", str(warm_folder))  # a host of another home is another host
    assert client.shared_path().exists(), "every check would start a host of its own"
    return run
