"""A warm host makes its memory large, a page at a time, while nobody asks for anything."""

import ctypes
import mmap
import os
import re
import selectors
import socket
from pathlib import Path

import pytest

from dlkata.author.proof import check_of
from dlkata.content.library import Library
from dlkata.grading import host as hosts
from dlkata.grading.large_pages import LARGE, MADV_COLLAPSE, SMALL, collapse
from dlkata.grading.work.confinement import LIBC, LINUX

REGION = 4 * LARGE


def large_memory() -> int:
    """KB of this process that lie in large pages."""
    text = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return int(re.findall(r"AnonHugePages:\s+(\d+)", text)[0])


def collapses() -> bool:
    """Whether this kernel does what it is asked for."""
    if not LINUX or mmap.PAGESIZE != SMALL:
        return False
    with memory(every=SMALL) as region:
        return LIBC.madvise(ctypes.c_void_p(first_place(region)), ctypes.c_size_t(LARGE), MADV_COLLAPSE) == 0


def memory(every: int) -> mmap.mmap:
    """A region that has been written to here and there."""
    region = mmap.mmap(-1, REGION, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for place in range(0, REGION, every):
        region[place] = place // every % 251
    return region


def first_place(region: mmap.mmap) -> int:
    begin = ctypes.addressof(ctypes.c_char.from_buffer(region))
    return -(-begin // LARGE) * LARGE


asks_the_kernel = pytest.mark.skipif(not collapses(), reason="this kernel makes no large pages of small ones")


@asks_the_kernel
def test_written_memory_becomes_large_and_stays_what_it_was():
    with memory(every=SMALL) as region:
        before, kept = large_memory(), bytes(region)
        grown = list(collapse())
        assert any(first_place(region) <= place < first_place(region) + REGION for place in grown)
        assert large_memory() >= before + 3 * LARGE // 1024
        assert bytes(region) == kept


@asks_the_kernel
def test_memory_that_is_hardly_used_is_left_as_it_is():
    """A large page holds what was never written, too: the stack of a thread would take two megabytes."""
    list(collapse())
    with memory(every=LARGE // 8) as region:
        inside = range(first_place(region), first_place(region) + REGION)
        assert not [place for place in collapse() if place in inside]


@pytest.fixture
def host(monkeypatch, tmp_path):
    """One that has much to do when nobody asks; what it forks is another test's matter."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "host"))
    listener.listen()
    monkeypatch.setattr(hosts, "collapse", lambda: iter([1, 2, 3]))
    monkeypatch.setattr(hosts.Host, "_reap", lambda _self: None)
    host = hosts.Host(listener)
    host.grow()
    yield host
    host.selector.close()
    listener.close()


def left(host) -> list[int]:
    return list(host.growing)


def test_a_host_at_leisure_takes_a_step_and_looks_up(host):
    assert host._wait() == []
    assert left(host) == [2, 3]


def test_who_asks_is_answered_first(host):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(host.listener.getsockname())
        assert host._wait() == [host.listener]
        assert left(host) == [1, 2, 3]


def test_a_host_at_work_does_not_grow(host):
    """The pages are shared with its supervisors: to make them large would be to copy them."""
    host.supervisors.add(os.getpid())
    waker, wakes = os.pipe()
    host.selector.register(waker, selectors.EVENT_READ)
    os.write(wakes, b"!")
    assert host._wait() == [waker]
    assert left(host) == [1, 2, 3]
    os.close(waker)
    os.close(wakes)


def test_a_host_that_has_grown_waits(host, monkeypatch):
    waited = []
    monkeypatch.setattr(host.selector, "select", lambda seconds: waited.append(seconds) or [])
    for _look in range(6):
        host._wait()
    assert waited == [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]


def test_a_host_grows_anew_for_a_suite_that_it_has_not_collected_yet(monkeypatch):
    """What was collected lies in small pages; of a kata that it knows there is nothing new."""
    told = []
    monkeypatch.setattr(hosts, "collect", lambda file: file)
    monkeypatch.setattr(hosts, "_read_ahead", lambda _kata: None)
    suites = hosts.Suites(collected=lambda: told.append("collected"))
    for stem in ("softmax", "adam", "softmax", "adam"):
        kata = Library().kata(stem)
        suites.get(check_of(kata, kata.reference, stem))
    assert told == ["collected", "collected"]


def test_where_nothing_can_be_seen_nothing_is_done(monkeypatch):
    def refuse(*_args, **_options):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", refuse)
    assert list(collapse()) == []
