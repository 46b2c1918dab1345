"""Closes what Landlock leaves open between processes: a filter of system calls (seccomp), set through ctypes.

Times and attributes of files, locks, queues, keys, priorities, limits of others: whatever one worker could change and
another see, so that what the first knows would reach the second.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

SECCOMP, SET_FILTER, ALL_THREADS = {"x86_64": 317, "aarch64": 277}, 1, 1
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
FILTERS = Path("/proc/sys/kernel/seccomp/actions_avail")
# Numbers by machine: (x86_64, aarch64); None where the machine has no such call.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "flock": (73, 32), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "setpriority": (141, 140), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274), "ioprio_set": (251, 30),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "fanotify_init": (300, 262),
    "shmget": (29, 194), "shmat": (30, 196), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "io_uring_setup": (425, 425), "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "socket": (41, 198), "execve": (59, 221), "execveat": (322, 281),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "chroot": (161, 51),
    "pivot_root": (155, 41), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "sysinfo": (99, 179),
}  # fmt: skip
# Their first argument is a process: this one, and where 0 means it, 0.
OWN = {"kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261), "sched_setaffinity": (203, 122)}
ZERO_IS_OWN = {"prlimit64", "sched_setaffinity"}
FCNTL = (72, 25)
LOCKS = (6, 7, 37, 38, 1024, 1026, 8, 10, 15)  # locks, leases, notices, whom a descriptor signals
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER, MACHINE, FIRST, SECOND = 0, 4, 16, 24  # where in what the filter is shown
ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # "not permitted"
X32 = 0x40000000  # the other numbers of x86-64

Instruction = tuple[int, int, int, int]


class _Filter(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("yes", ctypes.c_uint8),
        ("no", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Filter))]


def available() -> bool:
    return sys.platform == "linux" and os.uname().machine in SECCOMP and FILTERS.exists()


def refuse_channels() -> bool:
    """From here on this process reaches no other by a system call. False where the kernel cannot say so."""
    if not available():
        return False
    machine = os.uname().machine
    steps = list(_program(machine, os.getpid()))
    array = (_Filter * len(steps))(*(_Filter(*step) for step in steps))
    program = _Program(len(steps), array)
    libc = ctypes.CDLL(None)
    return libc.syscall(SECCOMP[machine], SET_FILTER, ctypes.c_uint(ALL_THREADS), ctypes.byref(program)) == 0


def _program(machine: str, pid: int) -> Iterator[Instruction]:
    """Reads what is called, and refuses or allows."""
    which = list(SECCOMP).index(machine)
    yield LOAD, 0, 0, MACHINE
    yield EQUAL, 1, 0, ARCHITECTURE[machine]
    yield RETURN, 0, 0, REFUSE
    yield LOAD, 0, 0, NUMBER
    yield AT_LEAST, 0, 1, X32
    yield RETURN, 0, 0, REFUSE
    for numbers in REFUSED.values():
        if (number := numbers[which]) is not None:
            yield EQUAL, 0, 1, number
            yield RETURN, 0, 0, REFUSE
    for name, numbers in OWN.items():
        own = (pid, 0) if name in ZERO_IS_OWN else (pid,)
        yield from _argument(numbers[which], FIRST, own, found=ALLOW, otherwise=REFUSE)
    yield from _argument(FCNTL[which], SECOND, LOCKS, found=REFUSE, otherwise=ALLOW)
    yield RETURN, 0, 0, ALLOW


def _argument(
    number: int, where: int, values: tuple[int, ...], *, found: int, otherwise: int
) -> Iterator[Instruction]:
    """Where `number` is called: `found` if the argument is one of the values."""
    yield EQUAL, 0, 2 * len(values) + 2, number
    yield LOAD, 0, 0, where
    for value in values:
        yield EQUAL, 0, 1, value
        yield RETURN, 0, 0, found
    yield RETURN, 0, 0, otherwise
