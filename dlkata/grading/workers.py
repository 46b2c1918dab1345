"""A worker process as its supervisor sees it: started, heard within its time, ended."""

import os
import re
import secrets
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dlkata.grading.collection import Suite
from dlkata.grading.patience import Patience
from dlkata.grading.protocol import Finished, Frame, FromWorker
from dlkata.grading.wire import LENGTH, frame
from dlkata.grading.work.becoming import become_worker
from dlkata.grading.work.channel import CUT, TOKEN_SIZE, WHERE
from dlkata.grading.work.confinement import kill_process
from dlkata.grading.work.job import Job
from dlkata.texts import as_text

OUTPUT_KEPT = 4_000  # bytes of what an attempt prints during one test
PLACE_SECONDS = 0.5
LOADING_SECONDS = 20.0  # an attempt may import torch._dynamo, which takes one second on a good day
STANDS = re.compile(r'^ *File "(.+)", line (\d+) in (.+)$', re.MULTILINE)
# Worker processes are forked from this one. Where that is unsafe (macOS frameworks), each is started anew.
FORKS = sys.platform == "linux" and not os.environ.get("DLKATA_SPAWN")


class Abandoned(Exception):
    """The learner is gone, or has saved a newer version."""


@dataclass
class Ended:
    """A worker is gone before it was finished."""

    reason: str  # "timeout" · "SIGSEGV" · "exit 0" · "pipe" · "grader"


@dataclass
class Output:
    """What an attempt printed, up to a limit."""

    kept: bytearray = field(default_factory=bytearray)
    cut: int = 0  # lines beyond it

    def add(self, data: bytes) -> None:
        room = max(0, OUTPUT_KEPT - len(self.kept))
        self.kept += data[:room]
        self.cut += data[room:].count(b"\n") or (len(data) > room)

    def take(self) -> tuple[str, int]:
        text, cut = self.kept.decode("utf-8", errors="replace").replace("\r", "\n"), self.cut
        self.kept, self.cut = bytearray(), 0
        return as_text(text), cut


@dataclass(frozen=True)
class Process:
    """A worker's process, and how it is heard."""

    pid: int  # 0: not ours to kill or to wait for
    token: bytes
    result: int
    printed: int

    def close(self) -> None:
        """It is not heard here any more: where nobody hears it, it ends when it says something."""
        os.close(self.result)
        os.close(self.printed)


class Worker:
    """One worker process as its supervisor sees it."""

    def __init__(self, process: Process, client: socket.socket):
        self.client = client
        self.output = Output()
        self.token = process.token
        self.decoder = msgspec.msgpack.Decoder(FromWorker)
        self.pid, self.result, self.printed = process.pid, process.result, process.printed
        os.set_blocking(self.printed, False)
        self.buffer = bytearray()
        self.selector = selectors.DefaultSelector()
        for source in (self.result, self.printed, client):
            self.selector.register(source, selectors.EVENT_READ)
        self.ears: list[selectors.BaseSelector] = []  # others' that hear this one beside their own

    def messages(self, seconds: float, first: float = 0.0) -> Iterator[Any]:
        """What the worker says, each message within `seconds` of the one before; `Ended` if it stops too soon.

        For the first it may take `first` seconds, if that is more.
        """
        self.patience = Patience(self.pid, max(seconds, first))
        while True:
            while (body := self._next_frame()) is not None:
                try:
                    message = self.decoder.decode(body)
                except msgspec.DecodeError:
                    yield Ended("pipe")
                    return
                self._read_output()  # what it printed before it said this is in the pipe already
                self.patience.renew(seconds)
                yield message
                if isinstance(message, Finished):
                    return
            if not self.token.startswith(bytes(self.buffer[:TOKEN_SIZE])):
                yield Ended("pipe")
                return
            left = self.patience.left()
            if not left:
                yield Ended("timeout")
                return
            for key, _events in self.selector.select(left):
                if key.data is not None:
                    key.data()
                    continue
                if key.fileobj is self.client:
                    # Nothing more is ever sent to us: the learner has gone, or wants another check.
                    raise Abandoned
                if key.fd == self.printed:
                    self._read_output()
                    continue
                data = os.read(self.result, 1 << 16)
                if not data:
                    self._read_output()
                    yield Ended(self._reason())
                    return
                self.buffer += data

    def listen_beside(self, other: "Worker", at_its_end: Callable[[], None]) -> None:
        """While this one is heard, what the other says is kept for later: it need not wait for an ear."""
        other.ears.append(self.selector)

        def keep() -> None:
            data = os.read(other.result, 1 << 20)
            other.buffer += data
            if not data:
                self.selector.unregister(other.result)
                at_its_end()

        self.selector.register(other.result, selectors.EVENT_READ, keep)

    @property
    def has_finished(self) -> bool:
        """Whether all it had to say is here, up to the last word: to hear it is not to wait."""
        return self.buffer.endswith(self.token + frame(Finished()))

    def place(self, file: str, source: str) -> Frame | None:
        """The attempt's line that a hanging worker is in: it says so on its standard error, whatever it does."""
        try:
            os.kill(self.pid, WHERE)
        except OSError:
            return None
        said, until = b"", time.monotonic() + PLACE_SECONDS
        while (left := until - time.monotonic()) > 0:
            self.selector.select(left)
            try:
                said += os.read(self.printed, 1 << 20)
            except BlockingIOError:
                continue
            except OSError:
                break
            for found in STANDS.finditer(said.decode("utf-8", errors="replace")):
                if found[1] == file:
                    line, lines = int(found[2]), source.split("\n")
                    return Frame(line, found[3], lines[line - 1].strip() if line <= len(lines) else "")
        return None

    def _next_frame(self) -> bytes | None:
        begin = TOKEN_SIZE + LENGTH.size
        if len(self.buffer) < begin or bytes(self.buffer[:TOKEN_SIZE]) != self.token:
            return None
        (size,) = LENGTH.unpack_from(self.buffer, TOKEN_SIZE)
        if len(self.buffer) < begin + size:
            return None
        body = bytes(self.buffer[begin : begin + size])
        del self.buffer[: begin + size]
        return body

    def _read_output(self) -> None:
        try:
            while data := os.read(self.printed, 1 << 20):
                self.output.add(data)
        except BlockingIOError:
            return
        try:
            self.selector.unregister(self.printed)
        except KeyError:
            pass  # it was closed before

    def _reason(self) -> str:
        _pid, status = os.waitpid(self.pid, 0) if self.pid and self._ended_soon() else (0, 0)
        if not _pid:
            return "pipe"  # it lives on, but has closed the pipe
        self.pid = 0
        if os.WIFSIGNALED(status):
            return signal.Signals(os.WTERMSIG(status)).name
        code = os.waitstatus_to_exitcode(status)
        return "pipe" if code == CUT else f"exit {code}"

    def _ended_soon(self) -> bool:
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return True
            self.selector.select(0.01)
            self._read_output()
        return False

    def end(self) -> None:
        """Kills the process and what it started in its group; whoever waits for it is not kept waiting here."""
        for ear in self.ears:
            if self.result in (ear.get_map() or ()):  # it may be closed, or have heard the end
                ear.unregister(self.result)
        self.selector.close()
        if self.pid:
            kill_process(self.pid)
        os.close(self.result)
        os.close(self.printed)


def start(job: Job, suite: Suite, first: Callable[[int], None] | None = None) -> Process:
    """A worker for the job. `first`: what a forked one does before anything else; it is told where we listen."""
    token = secrets.token_bytes(TOKEN_SIZE)
    result_read, result = os.pipe()
    output_read, output = os.pipe()
    if FORKS:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            if first is not None:
                first(result)
            become_worker(job, suite, result, output, token)
    else:
        from dlkata.grading.work.spawned import spawn

        pid = spawn(job, result, output, token)
    os.close(result)
    os.close(output)
    return Process(pid, token, result_read, output_read)
