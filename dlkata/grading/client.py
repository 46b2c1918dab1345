"""The CLI's side of grading: starts a host, sends a check, yields what comes back. Never imports torch."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dlkata.content.roots import PACKAGE
from dlkata.errors import DlkataError
from dlkata.grading.protocol import Check, Fault, FromSupervisor, Line, Verdict
from dlkata.locale import _

# The host is found whatever the current folder holds: a learner's torch.py must not be imported.
LAUNCH = "import sys; sys.path.append(sys.argv.pop(1)); from dlkata.grading.host import main; main(sys.argv[1:])"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class GradingFault(DlkataError):
    """Our own fault, or that of the machine: the host could not do its work."""

    def __init__(self, details: str):
        super().__init__(_("The grader itself failed."), details.strip(), exit_code=3)


@contextmanager
def cold() -> Iterator[Line]:
    """A host for one check. It starts importing torch at once; leaving the block ends it and its workers."""
    ours, theirs = socket.socketpair()
    process = launch("once", theirs)
    theirs.close()
    try:
        yield Line(ours, FromSupervisor)
    finally:
        ours.close()  # a host that still works sees this and ends its workers
        try:
            process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            process.kill()  # it is still importing torch: there are no workers yet
            process.wait()


@contextmanager
def warm() -> Iterator[Callable[[], Line]]:
    """A host for many checks; each call of what it yields is a line for one of them. Safe to call from threads."""
    with tempfile.TemporaryDirectory(prefix="dlkata-") as folder:  # only we may enter it
        path = str(Path(folder, "host"))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(64)
        process = launch("serve", listener, stdin=subprocess.PIPE)
        listener.close()
        try:
            yield lambda: connect(path)
        finally:
            if process.stdin is not None:
                process.stdin.close()  # the host ends when this ends, also if we are killed
            process.wait()


def connect(path: str) -> Line:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return Line(connection, FromSupervisor)


@contextmanager
def foreground() -> Iterator[Line]:
    """A host that keeps our terminal: what the attempt prints and asks goes straight to the learner."""
    ours, theirs = socket.socketpair()
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the debugger
    process = launch("debug", theirs, foreground=True)
    theirs.close()
    try:
        yield Line(ours, FromSupervisor)
    finally:
        ours.close()
        process.wait()
        signal.signal(signal.SIGINT, interrupt)


def launch(
    mode: str, connection: socket.socket, *, foreground: bool = False, stdin: int = subprocess.DEVNULL
) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "PYTHONUTF8": "1"}
    for variable in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONINSPECT"):
        environment.pop(variable, None)
    return subprocess.Popen(
        [sys.executable, "-P", "-c", LAUNCH, str(PACKAGE.parent), mode, str(connection.fileno())],
        stdin=None if foreground else stdin,
        stdout=None if foreground else subprocess.DEVNULL,
        stderr=None,  # a host that fails says why on our standard error
        pass_fds=[connection.fileno()],
        env=environment,
        cwd="/",
        start_new_session=not foreground,
    )


def events(line: Line, check: Check) -> Iterator[FromSupervisor]:
    """All messages of one check. It ends with a Verdict or a Problem, or raises: silence is never a pass."""
    try:
        line.send(check)
    except BrokenPipeError:
        pass  # the host died on the way: said below
    decided = False
    while (message := line.receive()) is not None:
        if isinstance(message, Fault):
            raise GradingFault(message.text)
        decided = decided or isinstance(message, Verdict) or type(message).__name__ == "Problem"
        yield message
    if not decided:
        raise GradingFault(_("It ended without a verdict."))
