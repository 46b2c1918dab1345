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
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import torch  # noqa: F401  the point of this process

from dlkata import __version__
from dlkata.content.kata import Kata, read_kata
from dlkata.errors import DlkataError
from dlkata.grading.collection import Suite, collect
from dlkata.grading.desks import Desks
from dlkata.grading.large_pages import collapse
from dlkata.grading.lingering import Lease
from dlkata.grading.protocol import Check, Fault, Ping, Pong, ToSupervisor
from dlkata.grading.supervisor import Supervisor
from dlkata.grading.wire import Line
from dlkata.grading.work import absence
from dlkata.grading.work.bench import grader_modules
from dlkata.grading.work.confinement import LINUX
from dlkata.grading.work.contract import prepare
from dlkata.grading.work.integrity import vocabulary
from dlkata.grading.work.module import compiled
from dlkata.grading.work.nets import optimizer_functions, python_places
from dlkata.grading.work.preloading import preload_gradients, preload_optimizers

PATIENCE = 5.0  # seconds for a request to arrive
STARTED = monotonic()


class Suites:
    """Collected suites, collected again when their file changes; who wants to hear of that is told."""

    def __init__(self, collected: Callable[[], None] = lambda: None) -> None:
        self.known: dict[Path, tuple[int, Suite]] = {}
        self.collected = collected

    def get(self, check: Check) -> Suite:
        file = Path(check.root, "tests", "katas", f"test_{check.stem}.py")
        changed = file.stat().st_mtime_ns
        if self.known.get(file, (0, None))[0] != changed:
            self.known[file] = changed, collect(file)
            _read_ahead(read_kata(Path(check.root), check.stem))
            self.collected()
        return self.known[file][1]


def _read_ahead(kata: Kata) -> None:
    """What every worker would read and compile anew. Never a solution: rooms are forked from this process."""
    compiled(kata.stub, str(kata.stub_file))
    prepare(kata.stub)
    absence.look_up(kata.head.forbids)
    grader_modules()
    vocabulary()


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


class Host:
    """Answers who connects, each in a process of its own."""

    def __init__(self, listener: socket.socket):
        self.listener = listener
        self.suites, self.desks = Suites(collected=self.grow), Desks()
        self.supervisors: set[int] = set()
        self.growing: Iterator[int] | None = None  # pages, while nobody asks for anything
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)

    def serve(self) -> None:
        """Check after check, until whoever started us is gone (our standard input ends)."""
        self._settle()
        self.selector.register(0, selectors.EVENT_READ)
        while True:
            ready = self._wait()
            if 0 in ready and not os.read(0, 1 << 10):
                return
            if self.listener in ready:
                self._accept()

    def linger(self, seconds: float) -> None:
        """Check after check, left behind by who started us, until nobody has asked for so many seconds.

        The first check is not kept waiting: what later ones share is imported beside it.
        """
        lease, settled = Lease(self.listener, seconds), False
        while not lease.ended():
            ready = self._wait()
            if ready:
                if lease.changed():
                    break  # whoever asks is answered by a host of its own
                self._accept()
            if not settled:
                settled = True
                self._settle()
            if ready or self.supervisors:
                lease.renew()
        lease.release()

    def _settle(self) -> None:
        preload_optimizers()
        python_places()
        optimizer_functions()
        absence.look_ahead()
        gc.collect()
        gc.freeze()
        self.grow()

    def grow(self) -> None:
        self.growing = collapse()

    def _wait(self) -> list[object]:
        """Who asks for something, within a second. Where a check has ended, a desk begins for the next."""
        asking: list[object] = []
        growing = None if self.supervisors else self.growing
        for key, _events in self.selector.select(1.0 if growing is None else 0.0):
            if key.data is None:
                asking.append(key.fileobj)
            else:
                self.selector.unregister(key.fileobj)
                os.close(key.fd)
                with suppress(OSError):  # no room for another process: the check will start its own
                    self.desks.prepare(*key.data)
        self._reap()
        if growing is not None and not asking and next(growing, None) is None:
            self.growing = None
        return asking

    def _accept(self) -> None:
        connection, _address = self.listener.accept()
        with connection:
            self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)  # whoever connects and says nothing must not stop the others
        line = Line(connection, ToSupervisor)
        try:
            request = line.receive()
            connection.settimeout(None)
            if isinstance(request, Ping):
                line.send(self._pong())
            elif isinstance(request, Check) and (suite := _suite(self.suites, request, line)) is not None:
                self._check(request, suite, line)
        except (OSError, ValueError):  # a client that left, or one that talks nonsense
            pass

    def _check(self, check: Check, suite: Suite, line: Line) -> None:
        desk = self.desks.take(check, suite)
        at_work, works = os.pipe()  # ends with the supervisor: nobody else keeps `works`
        supervisor = os.fork()
        if supervisor == 0:
            self.listener.close()
            os.setsid()
            Supervisor(check, suite, line, desk).grade()
            os._exit(0)
        self.supervisors.add(supervisor)
        os.close(works)
        self.selector.register(at_work, selectors.EVENT_READ, (check, suite))
        if desk is not None:
            desk.close()

    def _pong(self) -> Pong:
        self._reap()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        memory = largest >> (10 if LINUX else 20)  # macOS counts bytes
        return Pong(
            __version__,
            computing=used.ru_utime + used.ru_stime,
            pid=os.getpid(),
            age=monotonic() - STARTED,
            memory=memory,
            working=bool(self.supervisors),
        )

    def _reap(self) -> None:
        try:
            while ended := os.waitpid(-1, os.WNOHANG)[0]:
                self.supervisors.discard(ended)
        except ChildProcessError:
            pass


def _suite(suites: Suites, check: Check, line: Line) -> Suite | None:
    try:
        return suites.get(check)
    except DlkataError as error:
        line.send(Fault(f"{error.message} {error.remedy}"))
    except OSError as error:
        line.send(Fault(str(error)))
    return None


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
        Host(connection).linger(options.seconds)
    elif options.mode == "serve":
        Host(connection).serve()
    else:
        {"once": once, "debug": debug}[options.mode](connection)
    if LINUX:
        os._exit(0)  # torch takes its time to tidy up


if __name__ == "__main__":
    main()
