"""The process that has imported torch and collected suites, and forks a supervisor for each check.

It never runs a torch op, nor asks whether CUDA is there: forking after either hangs the child.
"""

import argparse
import gc
import os
import resource
import selectors
import signal
import socket
from pathlib import Path
from time import monotonic

import torch  # noqa: F401  the point of this process

from dlkata import __version__
from dlkata.content.kata import Kata, read_kata
from dlkata.errors import DlkataError
from dlkata.grading.collection import Suite, collect
from dlkata.grading.lingering import Lease
from dlkata.grading.protocol import Check, Fault, Ping, Pong, ToSupervisor
from dlkata.grading.supervisor import Supervisor
from dlkata.grading.wire import Line
from dlkata.grading.work import absence
from dlkata.grading.work.bench import grader_modules
from dlkata.grading.work.confinement import LINUX
from dlkata.grading.work.contract import prepare
from dlkata.grading.work.module import compiled
from dlkata.grading.work.nets import python_places
from dlkata.grading.work.preloading import preload_gradients, preload_optimizers

PATIENCE = 5.0  # seconds for a request to arrive
STARTED = monotonic()


class Suites:
    """Collected suites, collected again when their file changes."""

    def __init__(self) -> None:
        self.known: dict[Path, tuple[int, Suite]] = {}

    def get(self, check: Check) -> Suite:
        file = Path(check.root, "tests", "katas", f"test_{check.stem}.py")
        changed = file.stat().st_mtime_ns
        if self.known.get(file, (0, None))[0] != changed:
            self.known[file] = changed, collect(file)
            _read_ahead(read_kata(Path(check.root), check.stem))
        return self.known[file][1]


def _read_ahead(kata: Kata) -> None:
    """What every worker would read and compile anew. Never a solution: rooms are forked from this process."""
    compiled(kata.stub, str(kata.stub_file))
    prepare(kata.stub)
    absence.look_up(kata.head.forbids)
    grader_modules()


def once(connection: socket.socket) -> None:
    """One check, in this very process: a cold `dlkata check`."""
    line = Line(connection, ToSupervisor)
    check = line.receive()
    if isinstance(check, Check) and (suite := _suite(Suites(), check, line)) is not None:
        Supervisor(check, suite, line).grade()


def debug(connection: socket.socket) -> None:
    """One check in the foreground, in this very process: unconfined, unwatched, without deadlines."""
    line = Line(connection, ToSupervisor)
    check = line.receive()
    if isinstance(check, Check) and (suite := _suite(Suites(), check, line)) is not None:
        from dlkata.grading.work.debugging import run

        run(check, suite, line)


def serve(listener: socket.socket) -> None:
    """Check after check, each in a forked supervisor, until whoever started us is gone (our standard input ends)."""
    suites = Suites()
    _settle()
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(0, selectors.EVENT_READ)
    while True:
        ready = [key.fileobj for key, _events in selector.select(1.0)]
        _reap()
        if 0 in ready and not os.read(0, 1 << 10):
            return
        if listener in ready:
            _accept(listener, suites)


def linger(listener: socket.socket, seconds: float) -> None:
    """Check after check, left behind by who started us, until nobody has asked for so many seconds.

    The first check is not kept waiting: what later ones share is imported beside it.
    """
    suites, lease, settled = Suites(), Lease(listener, seconds), False
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while not lease.ended():
        ready = selector.select(1.0)
        working = _reap()
        if ready:
            if lease.changed():
                break  # whoever asks is answered by a host of its own
            _accept(listener, suites)
        if not settled:
            settled = True
            _settle()
        if ready or working:
            lease.renew()
    lease.release()


def _settle() -> None:
    preload_optimizers()
    python_places()
    absence.look_ahead()
    gc.collect()
    gc.freeze()


def _accept(listener: socket.socket, suites: Suites) -> None:
    connection, _address = listener.accept()
    with connection:
        _answer(connection, listener, suites)


def _answer(connection: socket.socket, listener: socket.socket, suites: Suites) -> None:
    connection.settimeout(PATIENCE)  # whoever connects and says nothing must not stop the others
    line = Line(connection, ToSupervisor)
    try:
        request = line.receive()
        connection.settimeout(None)
        if isinstance(request, Ping):
            line.send(_pong())
        elif isinstance(request, Check) and (suite := _suite(suites, request, line)) is not None:
            if os.fork() == 0:
                listener.close()
                os.setsid()
                Supervisor(request, suite, line).grade()
                os._exit(0)
    except (OSError, ValueError):  # a client that left, or one that talks nonsense
        pass


def _pong() -> Pong:
    working = _reap()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    memory = largest >> (10 if LINUX else 20)  # macOS counts bytes
    return Pong(
        __version__,
        computing=used.ru_utime + used.ru_stime,
        pid=os.getpid(),
        age=monotonic() - STARTED,
        memory=memory,
        working=working,
    )


def _suite(suites: Suites, check: Check, line: Line) -> Suite | None:
    try:
        return suites.get(check)
    except DlkataError as error:
        line.send(Fault(f"{error.message} {error.remedy}"))
    except OSError as error:
        line.send(Fault(str(error)))
    return None


def _reap() -> bool:
    """Whether a child is still at work."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=("once", "serve", "linger", "debug"))
    parser.add_argument("descriptor", type=int)
    parser.add_argument("seconds", type=float, nargs="?", default=0.0)
    options = parser.parse_args()
    if options.mode != "debug":
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the CLI's: it closes our line, and we end
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    connection = socket.socket(fileno=options.descriptor)
    preload_gradients()
    if options.mode == "linger":
        linger(connection, options.seconds)
    else:
        {"once": once, "serve": serve, "debug": debug}[options.mode](connection)
    if LINUX:
        os._exit(0)  # torch takes its time to tidy up


if __name__ == "__main__":
    main()
