"""The CLI's side of grading: starts a host, sends a check, yields what comes back. Never imports torch."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from dlkata import __version__, launching
from dlkata.content.roots import PACKAGE
from dlkata.errors import DlkataError
from dlkata.grading.leaving import kept
from dlkata.grading.protocol import Check, Fault, FromSupervisor, Ping, Pong, Problem, Verdict
from dlkata.grading.wire import Line
from dlkata.locale import _

TIDYING_SECONDS = 10.0  # a busy machine takes its time to take down processes
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
    line = Line(ours, FromSupervisor)
    try:
        yield line
    finally:
        ours.close()  # a host that still works sees this and ends its workers
        try:
            process.wait(TIDYING_SECONDS if line.answered else 1.0)
        except subprocess.TimeoutExpired:
            process.kill()  # as a rule it is still importing torch: there are no workers yet
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


def ping(line: Line) -> Pong | None:
    """What a host answers; None where it is silent, or is none of ours."""
    line.connection.settimeout(ANSWER_SECONDS)
    try:
        line.send(Ping())
        answer = line.receive()
    except OSError:
        return None
    finally:
        line.close()
    return answer if isinstance(answer, Pong) and answer.version == __version__ else None


def shared_path(sandbox: Sandbox | None = None) -> Path:
    """Where the warm host of a `watch`, or one that was left behind, listens: in a folder that only this user may enter.

    A shut-in host has a name of its own for what it hides: a check never gets less protection than it asked for. So
    has one for other devices, or another torch: who asks gets what he would get from a host of his own.
    """
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base, f"dlkata-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = f"{PACKAGE} {__version__} {sys.executable} {sandbox} {sorted(kept(os.environ).items())}"
    return folder / sha256(about.encode()).hexdigest()[:12]


@contextmanager
def offered(sandbox: Sandbox | None = None, linger: float = 0.0) -> Iterator[Callable[[], Line]]:
    """A warm host that `dlkata check` finds too: one left behind for `linger` idle seconds, or one that ends with us;
    ours alone if another `watch` offers one already."""
    if linger and (path := find(sandbox) or leave_behind(linger)) is not None:
        yield lambda: _connect_again(path, linger)
        return
    with warm(None if find(sandbox) is not None else _safe_path(sandbox), sandbox) as open_line:
        yield open_line


def _connect_again(path: Path, linger: float) -> Line:
    """To the host that lingers, or to its successor: in a long pause it has ended itself."""
    try:
        return connect(path)
    except OSError:
        leave_behind(linger)
        return connect(path)


@contextmanager
def nearest(sandbox: Sandbox | None = None, linger: float = 0.0) -> Iterator[Line]:
    """A line to the warm host of this installation; where there is none, one is left behind, or a cold one serves."""
    path = find(sandbox)
    if path is None and linger:
        path = leave_behind(linger)
    if path is None:
        with cold(sandbox) as line:
            yield line
        return
    line = connect(path)
    try:
        yield line
    finally:
        line.close()


def find(sandbox: Sandbox | None = None) -> Path | None:
    """Where a warm host of this installation answers."""
    path = _safe_path(sandbox)
    try:
        return path if path is not None and ping(connect(path)) is not None else None
    except OSError:
        return None


def _safe_path(sandbox: Sandbox | None) -> Path | None:
    """Where a host may be found: nobody else could have put it there."""
    try:
        path = shared_path(sandbox)
        folder = path.parent.stat()
        foreign = folder.st_uid != os.getuid() or folder.st_mode & 0o077
        return None if foreign or (path.exists() and path.stat().st_uid != os.getuid()) else path
    except OSError:
        return None


def leave_behind(seconds: float) -> Path | None:
    """Starts a host that stays for so many idle seconds and has nothing of ours; None where it cannot, or where
    somebody else is starting one just now. It is never a shut-in one: that takes what it shuts in from its starter."""
    path = _safe_path(None)
    if path is None:
        return None
    try:
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _listens(path):
                return None  # it is only silent: still importing, or busy
            path.unlink(missing_ok=True)  # of a host that was killed
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
                listener.listen(64)
                launch("linger", listener, seconds=seconds).wait()
    except OSError:
        return None
    return path


def _listens(path: Path) -> bool:
    try:
        connect(path).close()
    except OSError:
        return False
    return True


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
    seconds: float = 0.0,
) -> "subprocess.Popen[bytes]":
    """A host; one that lingers gets nothing of our environment and of our terminal, and what we hear of ends at once."""
    lingers = mode == "linger"
    module = "grading.leaving" if lingers else "grading.host"
    command = launching.command(module, mode, str(connection.fileno()), *([str(seconds)] if lingers else []))
    if sandbox is not None:
        from dlkata.grading.sandbox import demand, python_folders, shut_in

        demand()
        command = shut_in(command, sandbox.hidden, [*python_folders(), *sandbox.needed])
    return subprocess.Popen(
        command,
        stdin=None if foreground else stdin,
        stdout=None if foreground else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if lingers else None,  # a host that fails says why on our standard error
        pass_fds=[connection.fileno()],
        env=launching.environment(kept(os.environ) if lingers or sandbox is not None else os.environ),
        cwd="/",
        start_new_session=not foreground,
    )


def events(line: Line, check: Check) -> Iterator[FromSupervisor]:
    """All messages of one check. It ends with a Verdict or a Problem, or raises: silence is never a pass."""
    try:
        line.send(check)
    except BrokenPipeError:
        pass  # the host died on the way: said below
    while (message := line.receive()) is not None:
        if isinstance(message, Fault):
            raise GradingFault(message.text)
        yield message
        if isinstance(message, (Verdict, Problem)):
            return  # nobody waits until its processes are taken down
    raise GradingFault(_("It ended without a verdict."))
