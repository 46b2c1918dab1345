"""Runs what it is given as on a kernel that has neither Landlock nor filters of system calls: python old_kernel.py COMMAND…"""

import ctypes
import os
import sys

from dlkata.grading.work.landlock import ADD_RULE, CREATE, RESTRICT
from dlkata.grading.work.seccomp import (
    ALL_THREADS,
    ALLOW,
    EQUAL,
    LOAD,
    NUMBER,
    RETURN,
    SECCOMP,
    SET_FILTER,
    _Filter,
    _Program,
)

UNKNOWN = 0x00050026  # "there is no such call"
PR_SET_NO_NEW_PRIVS = 38


def forget_the_last_years() -> None:
    own = SECCOMP[os.uname().machine]
    calls = (CREATE, ADD_RULE, RESTRICT, own)
    steps = [(LOAD, 0, 0, NUMBER)]
    for number in calls:
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, UNKNOWN)]
    steps.append((RETURN, 0, 0, ALLOW))
    program = _Program(len(steps), (_Filter * len(steps))(*(_Filter(*step) for step in steps)))
    libc = ctypes.CDLL(None)
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.syscall(own, SET_FILTER, ctypes.c_uint(ALL_THREADS), ctypes.byref(program)) == 0


if __name__ == "__main__":
    forget_the_last_years()
    os.execvp(sys.argv[1], sys.argv[1:])
