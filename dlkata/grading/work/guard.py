"""Sees an attempt reach for the solution, the suite or the learner's record, and refuses (an audit hook, which
nothing removes)."""

import ctypes
import linecache
import os
import platform
import subprocess
import sys
import threading
import tokenize
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

from dlkata.grading.protocol import Tampering
from dlkata.grading.work.bans import GRADER, TORCH

FILE_EVENTS = {
    "open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.chmod", "os.link",
    "os.symlink", "os.mkdir", "os.utime", "shutil.rmtree", "shutil.copyfile", "shutil.move", "glob.glob",
    "os.chown", "sqlite3.connect", "sqlite3.connect/handle",
}  # fmt: skip
CHANGES = {"os.remove", "os.rename", "os.truncate", "os.chmod", "shutil.rmtree", "shutil.move", "os.rmdir"}
OBJECT_EVENTS = {"gc.get_objects", "gc.get_referrers", "gc.get_referents"}
FRAME_EVENTS = {"sys._getframe", "sys._current_frames", "sys._getframemodulename"}
PROGRAM_EVENTS = {
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn", "os.fork", "os.forkpty",
}  # fmt: skip
SIGNAL_EVENTS = {"os.kill", "os.killpg"}
READS_TEXT = str(Path(tokenize.__file__))
READS_SOURCE = str(Path(linecache.__file__))  # on behalf of a traceback, or of a debugger
HEARD = (
    FILE_EVENTS
    | OBJECT_EVENTS
    | FRAME_EVENTS
    | PROGRAM_EVENTS
    | SIGNAL_EVENTS
    | {"object.__getattr__", "import", "exec"}
)
IMPORTS = "<frozen importlib"
ASKS_THE_SYSTEM = str(Path(platform.__file__))  # starts `uname`, and does without
SUBPROCESS = str(Path(subprocess.__file__))
CALLS_C = str(Path(ctypes.__file__).parent)  # past everything that Python hears of
FRAME_ATTRIBUTES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame"}
FRAME_MODULES = ("inspect",)


class Guard:
    def __init__(
        self, attempt: str, ours: Iterable[str], private: Iterable[str], loading: Container[str] | None = None
    ):
        """`loading`: where torch was emptied, the files of it that may be executed anew."""
        self.attempt, self.loading = attempt, loading
        self.ours = set(ours)
        self.private = tuple(os.path.realpath(folder) + os.sep for folder in private)
        self.caught: list[Tampering] = []
        self.on = False
        self._hearing = threading.local()  # looking at frames is itself an audited event

    def install(self) -> None:
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on or not (event in HEARD or event.startswith("ctypes.")):
            return
        if getattr(self._hearing, "busy", False):
            return
        self._hearing.busy = True
        try:
            self._judge(event, args)
        finally:
            self._hearing.busy = False

    def _judge(self, event: str, args: tuple[Any, ...]) -> None:
        if event in FILE_EVENTS:
            self._file(event, args)
        elif event == "object.__getattr__":
            if len(args) > 1 and args[1] in FRAME_ATTRIBUTES and (line := self._line(direct=True)):
                self._catch("frames", str(args[1]), line)
        elif event in FRAME_EVENTS:
            if line := self._line(direct=True):
                self._catch("frames", event, line)
        elif event in OBJECT_EVENTS:
            if line := self._line():
                self._catch("objects", event, line)
        elif event in PROGRAM_EVENTS:
            if line := self._line():
                if not self._asked_by(ASKS_THE_SYSTEM, past=SUBPROCESS):
                    self._catch("program", str(args[0]) if args else event, line)
                raise PermissionError("a kata starts no other program")
        elif event in SIGNAL_EVENTS:
            if args[0] != os.getpid() and (line := self._line()):
                self._catch("signal", event, line)
                raise PermissionError("a kata sends no signal to other processes")
        elif event == "import":
            name = str(args[0])
            if name.partition(".")[0] == "dlkata" and (line := self._line()):
                self._catch("import", name, line)
        elif event == "exec":
            self._executed(args[0])
        elif line := self._line(direct=True, past=CALLS_C):
            self._catch("library", "ctypes", line)
            raise PermissionError("a kata calls no C library")

    def _executed(self, code: Any) -> None:
        """Where torch was emptied: a file of torch that is run once more, past what empties it."""
        if self.loading is None or getattr(code, "co_name", "") != "<module>":
            return
        file = code.co_filename
        if file.startswith(TORCH) and file not in self.loading and (line := self._line()):
            self._catch("torch", Path(file).name, line)
            raise PermissionError(f"{Path(file).name} is not for attempts")

    def _reads_torch(self, full: str) -> bool:
        """Where torch was emptied: its sources, opened by anybody but an import that comes to be emptied."""
        if self.loading is None or not full.startswith(TORCH) or not full.endswith((".py", ".pyc")):
            return False
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename != self.attempt:
            code = frame.f_code
            if code.co_filename.startswith(IMPORTS) and code.co_name == "exec_module":
                return False
            frame = frame.f_back  # type: ignore[assignment]
        return True

    def _file(self, event: str, args: tuple[Any, ...]) -> None:
        for path in args[:2]:
            if not isinstance(path, (str, bytes, os.PathLike)):
                continue
            full = os.path.realpath(os.fsdecode(path))
            of_torch = self._reads_torch(full)
            closed = of_torch or (full + os.sep).startswith(self.private)
            if not closed and not (full == self.attempt and self._writes(event, args)):
                continue
            if line := self._line():
                if not self._asked_by(READS_SOURCE):
                    kind = "torch" if of_torch else "changed" if self._writes(event, args) else "read"
                    self._catch(kind, Path(full).name, line)
                raise PermissionError(f"{Path(full).name} is not for attempts")
            return

    @staticmethod
    def _asked_by(source: str, past: str = READS_TEXT) -> bool:
        """Whether the innermost code outside this file, and outside what it calls (`past`), is `source`'s."""
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename in (__file__, past):
            frame = frame.f_back  # type: ignore[assignment]
        return frame is not None and frame.f_code.co_filename == source

    @staticmethod
    def _writes(event: str, args: tuple[Any, ...]) -> bool:
        if event == "open" and len(args) > 2:
            flags = args[2] if isinstance(args[2], int) else 0
            return bool(flags & (os.O_WRONLY | os.O_RDWR))
        return event in CHANGES

    def _catch(self, kind: str, what: str, line: int) -> None:
        found = Tampering(kind, what, line)
        if found not in self.caught and len(self.caught) < 20:
            self.caught.append(found)

    def _line(self, direct: bool = False, past: str = "") -> int:
        """The attempt's line, if it is the attempt that is acting.

        `direct`: only when its own code does it, or `inspect` on its behalf, or a file beneath `past`. Half the
        standard library looks at frames, and an attempt that calls `warnings.warn` is innocent.
        """
        frame = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            if file == self.attempt:
                return frame.f_lineno
            if file == __file__:
                frame = frame.f_back  # type: ignore[assignment]
                continue
            if file in self.ours or file.startswith((GRADER, TORCH)):
                return 0
            between = frame.f_globals.get("__name__") in FRAME_MODULES or (past and file.startswith(past))
            if direct and not between:
                return 0
            frame = frame.f_back  # type: ignore[assignment]
        return 0
