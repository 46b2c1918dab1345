"""The CLI's side of grading: starts a host, sends a check, yields what comes back. Never imports torch."""

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from dlkata import __version__, launching
from dlkata.content.roots import PACKAGE
from dlkata.errors import DlkataError
from dlkata.grading.protocol import Check, Fault, FromSupervisor, Line, Ping, Pong, Problem, Verdict
from dlkata.locale import _

ANSWER_SECONDS = 2.0  # a warm host that is still importing is slower than a cold one of our own


class GradingFault(DlkataError):
    """Our own fault, or that of the machine: the host could not do its work."""

    def __init__(self, details: str):
        super().__init__(_("The grader itself failed."), details.strip(), exit_code=3)


@dataclass(frozen=True)
class Sandbox:
    """What a shut-in host must not see, and what it needs all the same."""

    hidden: Sequence[Path]
    needed: Sequence[Path]


@contextmanager
def cold(sandbox: Sandbox | None = None) -> Iterator[Line]:
    """A host for one check. It starts importing torch at once; leaving the block ends it and its workers."""
    ours, theirs = socket.socketpair()
    process = launch("once", theirs, sandbox=sandbox)
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
def warm(path: Path | None = None, sandbox: Sandbox | None = None) -> Iterator[Callable[[], Line]]:
    """A host for many checks; each call of what it yields is a line for one of them. Safe to call from threads.

    At `path` other processes of the same user find it; without one it is ours alone.
    """
    with tempfile.TemporaryDirectory(prefix="dlkata-") as folder:  # only we may enter it
        path = path or Path(folder, "host")
        listener = socket.socket(socket.AF_UNIX)
        path.unlink(missing_ok=True)  # of a host that was killed
        listener.bind(str(path))
        listener.listen(64)
        process = launch("serve", listener, stdin=subprocess.PIPE, sandbox=sandbox)
        listener.close()
        try:
            yield lambda: connect(path)
        finally:
            path.unlink(missing_ok=True)
            if process.stdin is not None:
                process.stdin.close()  # the host ends when this ends, also if we are killed
            process.wait()


def connect(path: Path) -> Line:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return Line(connection, FromSupervisor)


def shared_path(sandbox: Sandbox | None = None) -> Path:
    """Where a running `watch` offers its warm host: in a folder that only this user may enter.

    A shut-in host has a name of its own for what it hides: a check never gets less protection than it asked for.
    """
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base, f"dlkata-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    installation = sha256(f"{PACKAGE} {__version__} {sandbox}".encode()).hexdigest()[:12]
    return folder / installation


@contextmanager
def offered(sandbox: Sandbox | None = None) -> Iterator[Callable[[], Line]]:
    """A warm host that `dlkata check` finds too; ours alone if another `watch` offers one already."""
    try:
        path = None if _shared_host(sandbox) is not None else shared_path(sandbox)
    except OSError:
        path = None
    with warm(path, sandbox) as open_line:
        yield open_line


@contextmanager
def nearest(sandbox: Sandbox | None = None) -> Iterator[Line]:
    """A line to the warm host of a running `watch` of this installation; a cold host where there is none."""
    path = _shared_host(sandbox)
    if path is None:
        with cold(sandbox) as line:
            yield line
        return
    line = connect(path)
    try:
        yield line
    finally:
        line.close()


def _shared_host(sandbox: Sandbox | None) -> Path | None:
    try:
        path = shared_path(sandbox)
        folder = path.parent.stat()
        if folder.st_uid != os.getuid() or folder.st_mode & 0o077 or path.stat().st_uid != os.getuid():
            return None  # somebody else could have put it there
        line = connect(path)
    except OSError:
        return None
    try:
        line.connection.settimeout(ANSWER_SECONDS)
        line.send(Ping())
        answer = line.receive()
        return path if isinstance(answer, Pong) and answer.version == __version__ else None
    except OSError:
        return None
    finally:
        line.close()


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
    mode: str,
    connection: socket.socket,
    *,
    foreground: bool = False,
    stdin: int = subprocess.DEVNULL,
    sandbox: Sandbox | None = None,
) -> "subprocess.Popen[bytes]":
    command = launching.command("grading.host", mode, str(connection.fileno()))
    if sandbox is not None:
        from dlkata.grading.sandbox import demand, python_folders, shut_in

        demand()
        command = shut_in(command, sandbox.hidden, [*python_folders(), *sandbox.needed])
    return subprocess.Popen(
        command,
        stdin=None if foreground else stdin,
        stdout=None if foreground else subprocess.DEVNULL,
        stderr=None,  # a host that fails says why on our standard error
        pass_fds=[connection.fileno()],
        env=launching.environment(),
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
        decided = decided or isinstance(message, (Verdict, Problem))
        yield message
    if not decided:
        raise GradingFault(_("It ended without a verdict."))
