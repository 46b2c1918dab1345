"""What keeps an attempt's process within bounds, and what finds the processes it leaves behind."""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Collection
from pathlib import Path

LINUX = sys.platform == "linux"
MEMORY = 2 << 30  # beyond what the fresh worker already holds
FILE_SIZE = 64 << 20
OPEN_FILES = 256
PROCESSES = 512
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE = 1, 38, 36, 4


def confine(*, memory: bool) -> None:
    """Called in the worker, before anything of the attempt runs. `memory` is off on a GPU, which maps a lot."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, FILE_SIZE)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    if LINUX:
        if os.getuid():  # root is exempt; the deadline bounds it there
            _limit(resource.RLIMIT_NPROC, PROCESSES + _processes_of_user())
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        _prctl(PR_SET_NO_NEW_PRIVS, 1)
        if memory:
            _limit(resource.RLIMIT_DATA, _data_bytes() + MEMORY)


def become_subreaper() -> None:
    """Daemons that an attempt leaves behind become our children, so that `end_children` finds them."""
    if LINUX:
        _prctl(PR_SET_CHILD_SUBREAPER, 1)


def end_children(spare: Collection[int] = (), rounds: int = 100) -> int:
    """Kills and reaps every child but the spared ones, and what those leave behind, until none is left; how many."""
    ended = 0
    for _round in range(rounds):
        victims = [pid for pid in children(os.getpid()) if pid not in spare]
        if not victims:
            break
        for pid in victims:
            end_process(pid)
            ended += 1
    return ended


def end_process(pid: int) -> None:
    """Kills a child with its process group, and reaps it."""
    kill_process(pid)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass


def kill_process(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def reap(killed: Collection[int]) -> None:
    """Waits for children that were killed, and ends any other."""
    for pid in killed:
        try:
            os.waitpid(pid, 0)
        except ChildProcessError:
            pass  # reaped before
    end_children()


def children(pid: int) -> list[int]:
    if not LINUX:
        return []
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text(encoding="ascii").split()]
        except OSError:
            pass
    return found


def _limit(kind: int, value: int) -> None:
    _soft, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(kind, (value, value))
    except (ValueError, OSError):
        pass  # this kernel does not know the limit: the deadline still holds


def _prctl(option: int, value: int) -> None:
    LIBC.prctl(option, value, 0, 0, 0)


def _data_bytes() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def _processes_of_user() -> int:
    uid = os.getuid()
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                count += entry.stat().st_uid == uid
            except OSError:
                pass
    return count
