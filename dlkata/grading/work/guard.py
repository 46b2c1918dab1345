"""Sees an attempt reach for the solution, the suite or the learner's record, and refuses (an audit hook, which
nothing removes)."""

import linecache
import os
import sys
import threading
import tokenize
from collections.abc import Iterable
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
READS_TEXT = str(Path(tokenize.__file__))
READS_SOURCE = str(Path(linecache.__file__))  # on behalf of a traceback, or of a debugger
HEARD = FILE_EVENTS | OBJECT_EVENTS | FRAME_EVENTS | PROGRAM_EVENTS | {"object.__getattr__", "import"}
FRAME_ATTRIBUTES = {"tb_frame", "gi_frame", "cr_frame", "ag_frame"}
FRAME_MODULES = ("inspect",)


class Guard:
    def __init__(self, attempt: str, ours: Iterable[str], private: Iterable[str]):
        self.attempt = attempt
        self.ours = set(ours)
        self.private = tuple(os.path.realpath(folder) + os.sep for folder in private)
        self.caught: list[Tampering] = []
        self.on = False
        self._hearing = threading.local()  # looking at frames is itself an audited event

    def install(self) -> None:
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on or event not in HEARD:
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
                self._catch("program", str(args[0]) if args else event, line)
                raise PermissionError("a kata starts no other program")
        elif event == "import" and str(args[0]).partition(".")[0] == "dlkata" and (line := self._line()):
            self._catch("import", str(args[0]), line)

    def _file(self, event: str, args: tuple[Any, ...]) -> None:
        for path in args[:2]:
            if not isinstance(path, (str, bytes, os.PathLike)):
                continue
            full = os.path.realpath(os.fsdecode(path))
            if not (full + os.sep).startswith(self.private) and not (
                full == self.attempt and self._writes(event, args)
            ):
                continue
            if line := self._line():
                if not self._asked_by(READS_SOURCE):
                    self._catch("changed" if self._writes(event, args) else "read", Path(full).name, line)
                raise PermissionError(f"{Path(full).name} is not for attempts")
            return

    @staticmethod
    def _asked_by(source: str) -> bool:
        """Whether the innermost code outside this file, and outside the readers it calls, is `source`'s."""
        frame = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename in (__file__, READS_TEXT):
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

    def _line(self, direct: bool = False) -> int:
        """The attempt's line, if it is the attempt that is acting.

        `direct`: only when its own code does it, or `inspect` on its behalf. Half the standard library looks at
        frames, and an attempt that calls `warnings.warn` is innocent.
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
            if direct and frame.f_globals.get("__name__") not in FRAME_MODULES:
                return 0
            frame = frame.f_back  # type: ignore[assignment]
        return 0
