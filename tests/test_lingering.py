"""The second check is instant: a host stays warm for whoever sits at a terminal, and for nobody else."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from dlkata.content.library import Library
from dlkata.grading import client, lingering
from dlkata.grading.client import connect, find, ping
from dlkata.grading.lingering import Lease
from dlkata.grading.reading import obstacle

KATA = Library().kata("attention")


@pytest.fixture
def workspace(home) -> Path:
    (home / "work").mkdir()
    (home / "work" / "attention.py").write_text(KATA.reference, encoding="utf-8")
    return home / "work"


@pytest.fixture
def left(workspace):
    """What answers where a host may have been left behind; it ends with the test."""

    def answer():
        path = find()
        return None if path is None else ping(connect(path))

    yield answer
    if (host := answer()) is not None:
        os.kill(host.pid, signal.SIGKILL)


def in_a_terminal(*arguments: str, **environment: str) -> str:
    """What it shows; it has ended, and nobody holds its terminal any more."""
    screen = pexpect.spawn(
        sys.executable, ["-m", "dlkata", *arguments], encoding="utf-8", timeout=120,
        env={**os.environ, "TERM": "xterm", **environment}, dimensions=(200, 80),  # so that nothing is paged
    )  # fmt: skip
    screen.expect(pexpect.EOF)
    screen.close()
    return screen.before


def descriptors(process: Path) -> set[str]:
    """What it holds open. It is at work: what it closes while this looks is not held."""
    held = set()
    for descriptor in (process / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            held.add(os.readlink(descriptor))
    return held


def test_a_check_in_a_terminal_leaves_a_host_that_the_next_one_finds(left, dlkata):
    secret = "4711-of-the-starter"
    assert "Passed: all" in in_a_terminal("check", "attention", A_SECRET=secret)
    host = left()
    assert host is not None
    process = Path("/proc", str(host.pid))
    assert secret not in (process / "environ").read_text()
    assert os.readlink(process / "cwd") == "/"
    assert os.getsid(host.pid) not in (os.getsid(0), os.getpid())
    held = descriptors(process)
    assert not [name for name in held if "/pts/" in name], held
    ours = {name for name in descriptors(Path("/proc/self")) if name.startswith(("pipe:", "socket:"))}
    assert not held & ours
    assert "Passed: all" in in_a_terminal("check", "attention")
    assert dlkata("check", "attention").code == 0
    assert left().pid == host.pid
    assert str(host.pid) in dlkata("doctor").out


@pytest.mark.parametrize("way", ["pipe", "CI", "off"])
def test_none_is_left_where_nobody_sits(left, dlkata, way):
    if way == "off":
        dlkata("config", "warm", "off")
    if way == "pipe":
        assert dlkata("check", "attention", "--fail-fast").code == 0
    else:
        in_a_terminal("check", "attention", "--fail-fast", **({"CI": "true"} if way == "CI" else {}))
    assert left() is None


def test_opening_a_kata_warms_up(left):
    in_a_terminal("kata", "attention")
    path = client.shared_path()
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(path))  # it is there, though it may still be importing torch
    assert find() is not None or path.exists()
    for _try in range(30):
        if left() is not None:
            break
    assert left() is not None


@pytest.fixture
def lease(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "host"))
        yield Lease(listener, 60.0)


def test_a_host_ends_after_its_idle_time(lease, monkeypatch):
    assert not lease.ended()
    now = lease.used
    monkeypatch.setattr(lingering, "monotonic", lambda: now + 61.0)
    assert lease.ended()
    lease.renew()
    assert not lease.ended()


def test_a_host_ends_when_the_installation_changes(lease, monkeypatch):
    now = lease.used
    monkeypatch.setattr(lingering, "monotonic", lambda: now + lingering.LOOK + 1)
    assert not lease.ended()
    monkeypatch.setattr(lingering, "stamp", lambda: 0)
    assert lease.changed()
    lease.looked = now
    assert lease.ended()


def test_a_host_ends_when_another_takes_its_place_and_leaves_that_alone(lease):
    lease.path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(lease.path))
        assert lease.ended()
        lease.release()
        assert lease.path.exists()


def test_a_host_of_another_environment_is_another_host(monkeypatch):
    here = client.shared_path()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    assert client.shared_path() != here
    monkeypatch.setenv("A_SECRET", "x")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert client.shared_path() == here


def test_in_a_folder_that_others_may_enter_none_is_left(home):
    client.shared_path().parent.chmod(0o755)
    assert client.leave_behind(60.0) is None


SAID = {
    "stub": (KATA.stub, "stub"),
    "a comment": (KATA.stub + "\n# soon\n", "stub"),
    "no Python": ("def attention(:\n", "syntax"),
    "no Python for the compiler": ("return 3\n", "syntax"),
    "a missing name": ("def attend(q, k, v):\n    return q\n", "missing"),
}


@pytest.mark.parametrize(("source", "kind"), SAID.values(), ids=SAID)
def test_what_reading_tells_needs_no_host(source, kind):
    problem = obstacle(source, "attempt.py", KATA.stub)
    assert problem is not None and problem.kind == kind


UNTOLD = {
    "right": KATA.reference,
    "assigned": "attention = lambda q, k, v, mask=None: q\n",
    "imported": "from elsewhere import attention\n",
    "a star": "from elsewhere import *\n",
    "made by exec": "exec('def attention(q, k, v, mask=None): return q')\n",
    "made in globals": "globals()['atten' + 'tion'] = 3\n",
}


@pytest.mark.parametrize("source", UNTOLD.values(), ids=UNTOLD)
def test_what_only_running_tells_is_run(source):
    assert obstacle(source, "attempt.py", KATA.stub) is None


@pytest.mark.parametrize("source", [KATA.stub, "def attention(:\n", "x = 1\n"])
def test_such_an_answer_starts_no_process(workspace, source):
    (workspace / "attention.py").write_text(source, encoding="utf-8")
    program = (
        "import sys; sys.argv = ['dlkata', 'check', 'attention']\n"
        "from dlkata.grading import client\n"
        "client.launch = lambda *a, **k: sys.exit('a host was started')\n"
        "from dlkata.__main__ import run\n"
        "sys.exit(run())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8")
    assert done.returncode == 1 and "a host was started" not in done.stderr, done
