"""Room and desk are weighed as soon as both have said everything, beside the worker that is still graded."""

import os
import socket

import pytest

from dlkata.content.library import Library
from dlkata.grading.confirming import TRIES, Confirmation
from dlkata.grading.protocol import Banned, Done, Finished, Loaded, Observed, Outcome
from dlkata.grading.wire import frame
from dlkata.grading.workers import Process, Worker

TOKEN = b"0123456789abcdef"
TEST = "test_output"


class Heard:
    """A worker with nobody behind it: what it says is said here."""

    def __init__(self, client: socket.socket):
        (result, self.said), (printed, self.prints) = os.pipe(), os.pipe()
        self.worker = Worker(Process(0, TOKEN, result, printed), client)

    def say(self, *messages) -> None:
        os.write(self.said, b"".join(TOKEN + frame(message) for message in messages))

    def close(self) -> None:
        for descriptor in {self.said, self.prints} - {-1}:
            os.close(descriptor)
        self.said = self.prints = -1


class Stage:
    """A supervisor's part in a confirmation, with what it noticed."""

    kata = Library().kata("attention")
    quick = (TEST,)
    desk = None

    def __init__(self):
        self.client, self.learner = socket.socketpair()
        self.began: dict[str, Heard] = {}
        self.everybody: list[Heard] = []
        self.noticed: list[Banned] = []
        self.graded = self._one()

    def _one(self) -> Heard:
        self.everybody.append(Heard(self.client))
        return self.everybody[-1]

    def worker(self, purpose: str, _tests, _seed) -> Worker:
        self.began[purpose] = self._one()
        return self.began[purpose].worker

    def notice(self, banned, _tampered) -> None:
        self.noticed += banned

    def end(self, worker: Worker) -> None:
        worker.end()

    def hear_the_graded(self) -> None:
        """It says something now and then, and ends; what the others have said until then is heard beside it."""
        heard = self.graded.worker.messages(5.0)
        for _look in range(5):
            self.graded.say(Loaded([], [], []))
            next(heard)
        finish(self.graded)
        list(heard)


@pytest.fixture
def stage():
    stage = Stage()
    yield stage
    stage.graded.worker.end()
    for one in stage.everybody:
        one.close()
    stage.client.close()
    stage.learner.close()


def judged(number: bytes) -> Done:
    value = Observed("output", 0.0, 0.0, None, dtype="torch.float64", shape=[1], data=number * 8)
    return Done(name=TEST, outcome=Outcome.PASSED, seconds=0.0, journal=[value])


def finish(one: Heard, *messages) -> None:
    one.say(*messages, Finished())
    one.close()


@pytest.mark.parametrize(("sent", "disagreements"), [(b"\1", []), (b"\2", [TEST])])
def test_the_numbers_are_weighed_while_another_worker_is_heard(stage, monkeypatch, sent, disagreements):
    confirmation = Confirmation(stage)
    confirmation.listen_beside(stage.graded.worker)
    finish(stage.began["room"], Loaded([], [Banned("softmax", 3)], []), judged(sent))
    finish(stage.began["desk"], judged(b"\1"))
    stage.hear_the_graded()
    assert confirmation.weighed is not None and confirmation.weighed.disagreements == disagreements
    assert stage.noticed == [], "who fails for a reason of his own is not told of the room"
    monkeypatch.setattr(Worker, "messages", None)  # nobody is listened to any more
    assert confirmation.disagreements() == disagreements
    assert stage.noticed == [Banned("softmax", 3)]


@pytest.mark.parametrize("last", ["room", "desk"])
def test_who_has_not_finished_is_waited_for(stage, last):
    confirmation = Confirmation(stage)
    confirmation.listen_beside(stage.graded.worker)
    first = "desk" if last == "room" else "room"
    finish(stage.began[first], judged(b"\1"))
    stage.began[last].say(judged(b"\1"))
    stage.hear_the_graded()
    assert confirmation.weighed is None
    finish(stage.began[last])
    assert confirmation.disagreements() == []


def test_a_desk_that_broke_off_is_tried_again_and_not_weighed_twice(stage, monkeypatch):
    confirmation = Confirmation(stage)
    confirmation.listen_beside(stage.graded.worker)
    finish(stage.began["room"], judged(b"\1"))
    finish(stage.began["desk"])  # without a number
    stage.hear_the_graded()
    assert confirmation.weighed is not None and confirmation.weighed.disagreements is None
    begun, began_first = [], confirmation._begin

    def begin_again() -> None:
        began_first()
        begun.append(confirmation.seed)
        for one in stage.began.values():
            finish(one, judged(b"\1"))

    monkeypatch.setattr(confirmation, "_begin", begin_again)
    assert confirmation.disagreements() == []
    assert len(begun) == 1 < TRIES


def test_one_who_broke_off_is_not_weighed_early(stage):
    """Whether it lives on is asked when nobody else waits."""
    confirmation = Confirmation(stage)
    confirmation.listen_beside(stage.graded.worker)
    stage.began["room"].close()
    finish(stage.began["desk"], judged(b"\1"))
    stage.hear_the_graded()
    assert confirmation.weighed is None
    assert confirmation.disagreements() == [TEST]
