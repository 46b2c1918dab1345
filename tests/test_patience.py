"""A hang ends at its deadline; what is slow because the machine is busy gets more time."""

import os

import pytest

from dlkata.grading import patience
from dlkata.grading.patience import LOOK, Patience


class Clock:
    """Two clocks turned by hand: of the wall, and of the process that is waited for."""

    def __init__(self) -> None:
        self.wall, self.process = 100.0, 3.0

    def pass_by(self, seconds: float, *, share: float) -> None:
        self.wall += seconds
        self.process += seconds * share


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(patience.time, "monotonic", lambda: clock.wall)
    monkeypatch.setattr(patience, "computed", lambda _pid: clock.process)
    return clock


@pytest.mark.parametrize("share", [1.0, 0.6, 0.0])
def test_one_that_loops_and_one_that_sleeps_end_at_their_deadline(clock, share):
    waiting = Patience(1, 10)
    clock.pass_by(9, share=share)
    assert waiting.left() == 1
    clock.pass_by(1, share=share)
    assert waiting.left() == 0


def test_one_that_gets_little_of_the_machine_is_waited_for(clock):
    waiting = Patience(1, 10)
    clock.pass_by(12, share=0.2)
    assert waiting.left() == LOOK
    clock.pass_by(12, share=0.3)
    assert waiting.left() == 0, "by now it has had its time"


def test_nobody_is_waited_for_without_end(clock):
    waiting = Patience(1, 10)
    clock.pass_by(39, share=0.1)
    assert waiting.left() == LOOK
    clock.pass_by(1, share=0.1)
    assert waiting.left() == 0


def test_an_answer_renews_it(clock):
    waiting = Patience(1, 10)
    clock.pass_by(9, share=1.0)
    waiting.renew(5)
    clock.pass_by(4, share=1.0)
    assert waiting.left() == 1


def test_the_clock_of_another_process_can_be_read():
    parent = patience.computed(os.getppid())
    assert parent > 0 or patience.sys.platform != "linux"
    assert patience.computed(2**22 + 1) == 0.0, "nobody has that number"
