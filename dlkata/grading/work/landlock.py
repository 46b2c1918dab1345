"""Closes the file system to a worker where the kernel can (Linux 5.13 and later): Landlock, through three system calls.

What stays: to read Python, torch and the attempt's own folder, to write to a scratch folder that goes away. No
solution, no suite, no record, no home; no program is started, no TCP connection opened, no process outside signalled
or debugged.
"""

import ctypes
import os
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

CREATE, ADD_RULE, RESTRICT = 444, 445, 446
VERSION = 1  # flag of CREATE: which version of Landlock is there?
BENEATH = 1  # the kind of rule
READ_FILE, READ_DIR, WRITE_FILE, IOCTL = 1 << 2, 1 << 3, 1 << 1, 1 << 15
READ = READ_FILE | READ_DIR
FILES = READ_FILE | WRITE_FILE | 1 << 0 | 1 << 14 | IOCTL  # rights that a file, not a folder, can have
NEVER = 1 << 0 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11  # to execute; to make devices, sockets, FIFOs
NETWORK = 3  # bind and connect
SCOPED = 3  # abstract sockets and signals
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # how many there are, by version; 16 from the fifth on
SYSTEM = ("/usr", "/lib", "/lib64", "/etc", "/sys/devices/system/cpu", "/sys/devices/system/node")
DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))
PROC = tuple(f"/proc/{name}" for name in ("self", "cpuinfo", "filesystems"))  # no counters that all share
NEW_IPC, NEW_USER, NEW_NETWORK = 1 << 27, 1 << 28, 1 << 30  # of unshare
CAPABILITIES = 0x20080522  # the version of capset that knows all of them
LIBC = ctypes.CDLL(None, use_errno=True)


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("parent", ctypes.c_int32)]


@cache
def version() -> int:
    """0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, LIBC.syscall(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION)))


def close_files(readable: Iterable[Path], writable: Iterable[Path], hidden: Sequence[Path]) -> bool:
    """From here on this process reads only what lies beneath `readable`, save `hidden`, and writes beneath `writable`.

    False where the kernel cannot: what else watches must do.
    """
    if not version():
        return False
    everything = (1 << RIGHTS.get(version(), 16)) - 1
    ruleset = _Ruleset(everything, NETWORK if version() >= 4 else 0, SCOPED if version() >= 6 else 0)
    size = 8 if version() < 4 else 16 if version() < 6 else 24
    rules = LIBC.syscall(CREATE, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if rules < 0:
        return False
    try:
        for path in readable:
            for open_path in _around(path, hidden):
                _allow(rules, open_path, READ)
        for path in writable:
            _allow(rules, path, everything & ~NEVER)
        for device in DEVICES:
            _allow(rules, Path(device), READ_FILE | WRITE_FILE | (IOCTL & everything))
        return LIBC.syscall(RESTRICT, rules, ctypes.c_uint32(0)) == 0
    finally:
        os.close(rules)


def _around(path: Path, hidden: Sequence[Path]) -> Iterable[Path]:
    """The path, or where something hidden lies beneath it, what lies beside that. Rules only ever add."""
    if not any(secret.is_relative_to(path) for secret in hidden):
        yield path
        return
    try:
        members = list(path.iterdir())
    except OSError:
        return
    for member in members:
        if member not in hidden:
            yield from _around(member, hidden)


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # it is not there
    try:
        if not path.is_dir():
            rights &= FILES
        rule = _Beneath(rights, descriptor)
        LIBC.syscall(ADD_RULE, rules, ctypes.c_int(BENEATH), ctypes.byref(rule), ctypes.c_uint32(0))
    finally:
        os.close(descriptor)


def seclude() -> None:
    """No line to any other process, where the kernel allows it: a network and shared memory of its own, both empty."""
    if sys.platform == "linux" and LIBC.unshare(NEW_NETWORK | NEW_IPC):
        if LIBC.unshare(NEW_USER | NEW_NETWORK | NEW_IPC) == 0:
            _give_up_capabilities()  # whoever makes a namespace of users is its root


def _give_up_capabilities() -> None:
    header, none = (ctypes.c_uint32 * 2)(CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
    LIBC.capset(header, none)


def python_paths(package: Path) -> list[Path]:
    """Where Python and what is installed for it lie; of a checkout its code alone."""
    found = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path, *SYSTEM, *PROC]
    paths = {path if path.startswith("/proc") else os.path.realpath(path) for path in found if path}
    return [package if path == str(package.parent) and package.parent.name != "site-packages" else Path(path)
            for path in sorted(paths)]  # fmt: skip
