"""Fewer, larger pages: a process that has imported torch is forked in about half the time.

A fork copies one entry for every page that was written. Linux puts 512 small ones into a large one where asked to
(MADV_COLLAPSE, since 6.1); whoever writes into it afterwards gets small ones again, there alone.
"""

import ctypes
from collections.abc import Iterator
from pathlib import Path

from dlkata.grading.work.confinement import LIBC, LINUX

LARGE, SMALL = 2 << 20, 4 << 10
MADV_COLLAPSE = 25
WORTH = LARGE // SMALL // 2  # small ones there: the rest of a large one is memory that nobody asked for


def collapse() -> Iterator[int]:
    """Makes this process's written memory large, one page a step (some 4 ms). Nothing happens where that is unknown."""
    if not LINUX:
        return
    for begin, end in _written():
        for place in range(-(-begin // LARGE) * LARGE, end - LARGE + 1, LARGE):
            if _small_pages(place) >= WORTH:
                LIBC.madvise(ctypes.c_void_p(place), ctypes.c_size_t(LARGE), MADV_COLLAPSE)
                yield place


def _written() -> Iterator[tuple[int, int]]:
    """Where memory of no file lies that may be written."""
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in maps.splitlines():
        span, rights, _offset, _device, _inode, *name = line.split(maxsplit=5)
        if rights == "rw-p" and name in ([], ["[heap]"]):
            begin, end = (int(address, 16) for address in span.split("-"))
            yield begin, end


def _small_pages(place: int) -> int:
    """How many of the small pages at this place are in memory; 0 where that cannot be seen."""
    there = (ctypes.c_ubyte * (LARGE // SMALL))()
    if LIBC.mincore(ctypes.c_void_p(place), ctypes.c_size_t(LARGE), there) != 0:
        return 0
    return bytes(there).count(1)
