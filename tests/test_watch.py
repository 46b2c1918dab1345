"""`watch`: every way of saving is seen once, a new save cancels a running check, and the terminal comes back sane."""

import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from attempts import NAMES_ITSELF, RIGHT, attempt, named, open_gate

from dlkata.content.library import Library
from dlkata.grading import client
from dlkata.progress.saves import Saves
from dlkata.study.next_step import Standing

WRONG = RIGHT.format(top="", when="True", fault="return q @ k.mT @ v")
GOOD = RIGHT.format(top="", when="False", fault="pass")


class TestSaves:
    """Looks are taken by hand: no clock, no waiting."""

    @pytest.fixture
    def file(self, tmp_path):
        file = tmp_path / "work" / "attention.py"
        file.parent.mkdir()
        file.write_text("one", encoding="utf-8")
        return file

    @staticmethod
    def save(file: Path, text: str) -> None:
        file.write_text(text, encoding="utf-8")
        TestSaves.clock += 1
        os.utime(file, ns=(TestSaves.clock, TestSaves.clock))

    clock = 10**18

    def test_nothing_is_due_before_a_save(self, file):
        saves = Saves(file)
        assert not saves.due() and not saves.due()

    def test_a_save_is_due_once_and_after_it_stood_still(self, file):
        saves = Saves(file)
        self.save(file, "two")
        assert [saves.due() for _look in range(4)] == [False, True, False, False]

    def test_a_burst_is_one_save(self, file):
        saves = Saves(file)
        seen = []
        for number in range(5):
            self.save(file, f"version {number}")
            seen.append(saves.due())
        seen += [saves.due(), saves.due()]
        assert seen == [False] * 5 + [True, False]

    def test_truncate_and_write_waits_for_the_text(self, file):
        saves = Saves(file)
        self.save(file, "")
        assert not saves.due() and not saves.due()
        self.save(file, "two")
        assert [saves.due(), saves.due()] == [False, True]

    def test_an_atomic_rename_is_a_save(self, file):
        saves = Saves(file)
        beside = file.with_suffix(".tmp")
        self.save(beside, "one")
        beside.rename(file)
        assert [saves.due(), saves.due()] == [False, True]

    def test_a_deleted_file_is_due_when_it_is_back(self, file):
        saves = Saves(file)
        file.unlink()
        assert not saves.due() and not saves.due()
        self.save(file, "two")
        assert [saves.due(), saves.due()] == [False, True]

    def test_a_folder_that_moves_away_and_comes_back(self, file):
        saves = Saves(file)
        away = file.parent.with_name("away")
        shutil.move(file.parent, away)
        assert not saves.due()
        self.save(away / file.name, "two")
        shutil.move(away, file.parent)
        assert [saves.due(), saves.due()] == [False, True]


@pytest.fixture
def workspace(home):
    folder = home / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def piped(workspace):
    """A watch in a pipe; `until(text)` reads what it prints up to a line with that text."""
    attempt(workspace)
    process = subprocess.Popen(
        [sys.executable, "-m", "dlkata", "watch", "attention"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, encoding="utf-8",
    )  # fmt: skip

    def until(text: str) -> list[str]:
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if text in line:
                return lines
        raise AssertionError(f"{text!r} never came: {''.join(lines)} {process.stderr.read()}")

    process.until = until
    yield process
    process.terminate()
    process.communicate(timeout=30)


def test_in_a_pipe_it_prints_one_verdict_after_the_other(piped, workspace):
    piped.until("Passed: all")
    (workspace / "attention.py").write_text(WRONG, encoding="utf-8")
    lines = piped.until("Where it goes wrong")
    assert not any("\x1b" in line for line in lines)
    (workspace / "attention.py").write_text("def attention(:\n", encoding="utf-8")
    piped.until("Python cannot read this line")
    (workspace / "attention.py").write_text(GOOD, encoding="utf-8")
    piped.until("Passed: all")


def test_a_save_during_a_check_cancels_it(piped, workspace):
    piped.until("Passed: all")
    gate = workspace / "gate"
    os.mkfifo(gate)
    attempt(workspace, f"{NAMES_ITSELF}\nopen({str(gate)!r}).read()\nwhile True: pass", when="True")
    with open_gate(gate):  # which waits until a worker reads
        worker = os.pidfd_open(named())
    (workspace / "attention.py").write_text(GOOD, encoding="utf-8")
    lines = piped.until("Passed: all")
    assert not any("No answer within" in line for line in lines)
    assert select.select([worker], [], [], 30)[0], "the cancelled worker lives on"


def test_a_check_elsewhere_uses_the_warm_host(piped, workspace, dlkata):
    piped.until("Passed: all")
    host = client.find()
    assert host is not None
    assert host.parent.stat().st_mode & 0o777 == 0o700
    ran = dlkata("check", "attention")
    assert ran.code == 0
    piped.terminate()
    piped.wait(timeout=30)
    assert client.find() is None
    assert dlkata("check", "attention", "--fail-fast").code == 0


def test_a_host_that_somebody_else_could_have_put_there_is_not_used(piped, workspace):
    piped.until("Passed: all")
    folder = client.shared_path().parent
    folder.chmod(0o755)
    assert client.find() is None


def test_in_a_terminal(workspace):
    screen = pexpect.spawn(
        sys.executable, ["-m", "dlkata", "watch", "attention"], encoding="utf-8", timeout=120, dimensions=(30, 80),
        env={**os.environ, "TERM": "xterm-256color", "EDITOR": "true"},
    )  # fmt: skip
    screen.expect_exact("is not started yet")
    (workspace / "attention.py").write_text(WRONG, encoding="utf-8")
    screen.expect_exact("Where it goes wrong")
    screen.expect_exact("· j k")
    screen.send("\x1b[6~" * 9)  # Page Down
    screen.expect(r"–(\d+)/\1 · j k")
    screen.send("h")
    screen.expect("hint 1 of")
    (workspace / "attention.py").write_text(GOOD, encoding="utf-8")
    screen.expect_exact("Passed: all")
    screen.send("l")
    screen.expect_exact("Enter: go there")
    last = Library().katas[-1].title
    assert last[:20] not in screen.before + screen.buffer, "the list is longer than the screen"
    screen.send("\x1b[F")  # End
    screen.expect_exact(last[:20])
    screen.send("\x1b")  # Escape
    screen.expect_exact("Passed: all")
    screen.send("s")
    screen.expect_exact("the reference")
    screen.send("q")
    screen.expect_exact("Passed: all")
    screen.send("e")
    screen.expect_exact("Passed: all")
    for _time in range(2):  # the second time it is an untouched stub
        screen.send("x")
        screen.expect_exact("[y/n]")
        screen.send("y")
        screen.expect_exact("is not started yet")
    assert not (workspace / "attention.2.py").exists()
    assert (workspace / "attention.1.py").read_text(encoding="utf-8") == GOOD
    screen.send("n")
    first = Standing(Library().katas, {"attention"}, {}).next_new()
    screen.expect_exact(first.title)
    assert (workspace / f"{first.stem}.py").exists()
    screen.send("n")  # it was only looked at: it is new still, and another one follows
    second = Standing(Library().katas, {"attention"}, {}).next_new(behind=first)
    screen.expect_exact(second.title)
    screen.send("p")
    screen.expect_exact(first.title)
    screen.send("s")  # not passed: told, not shown
    screen.expect_exact("once you have passed")
    screen.send("l")
    screen.expect_exact("Enter: go there")
    screen.send("\x1b[H\r")  # Home, Enter
    screen.expect_exact(Library().katas[0].title)
    screen.expect_exact("is not started yet")
    screen.send("q")
    screen.expect_exact("\x1b[?1049l")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0


def test_ctrl_c_leaves_a_sane_terminal(workspace):
    screen = pexpect.spawn(
        sys.executable, ["-m", "dlkata", "watch", "attention"], encoding="utf-8", timeout=120,
        env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    screen.expect_exact("is not started yet")
    screen.sendintr()
    screen.expect_exact("\x1b[?1049l")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 130


def test_a_dumb_terminal_is_told_what_is_waited_for(workspace):
    """Where no screen can be redrawn, one that stands still must not look like a hang."""
    screen = pexpect.spawn(
        sys.executable, ["-m", "dlkata", "watch", "attention"], encoding="utf-8", timeout=120,
        env={**os.environ, "TERM": "dumb"},
    )  # fmt: skip
    screen.expect_exact("Checking ")
    screen.expect_exact("attention.py now, then each time you save it.")
    screen.expect_exact("is not started yet")
    screen.expect_exact("Waiting for the next save of attention.py; Ctrl-C ends.")
    screen.sendline("l")  # no key does anything here
    (workspace / "attention.py").write_text(GOOD, encoding="utf-8")
    screen.expect_exact("Passed: all")
    screen.expect_exact("Waiting for the next save")
    screen.sendintr()
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 130
