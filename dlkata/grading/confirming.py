"""A pass is confirmed where the answers are not: the room's journal is set beside the desk's.

Whoever passes has computed the numbers that the reference computes, from numbers that nobody knew before, in a process
that never held the answer. See `work/room.py`.
"""

from typing import TYPE_CHECKING

from dlkata.grading.desks import new_seed
from dlkata.grading.explain.journal import confirms
from dlkata.grading.protocol import Done, Finished, Loaded, Outcome
from dlkata.grading.workers import LOADING_SECONDS, Worker

if TYPE_CHECKING:
    from dlkata.grading.supervisor import Supervisor

TRIES = 3


class Confirmation:
    """A room and a desk at work, beside the grading."""

    def __init__(self, supervisor: "Supervisor"):
        self.supervisor = supervisor
        self._begin()

    def _begin(self) -> None:
        """The room is started before anything but the seed is heard of a desk made ready: it gets a copy of our memory."""
        desk = self.supervisor.desk
        self.seed, process = (desk.take() if desk is not None else None) or (new_seed(), None)
        self.room = self._worker("room")
        self.desk = self.supervisor.hear(process) if process is not None else self._worker("desk")

    def _worker(self, purpose: str) -> Worker:
        return self.supervisor.worker(purpose, self.supervisor.quick, self.seed)

    @property
    def workers(self) -> tuple[Worker, Worker]:
        return self.room, self.desk

    def end(self) -> None:
        for worker in self.workers:
            self.supervisor.end(worker)

    def disagreements(self) -> list[str]:
        """The tests of which the room did not send what the desk did; what was caught there is noticed.

        A desk that does not come through, by chance or because somebody saw to it, confirms nobody: both begin again
        with other numbers, when nobody else is at work; and after some tries that is no pass.
        """
        names = self.supervisor.quick
        for left in reversed(range(TRIES)):
            try:
                wanted, found = self._heard(self.desk), self._heard(self.room)
            finally:
                self.end()
            if all(name in wanted and wanted[name].outcome == Outcome.PASSED for name in names):
                return [name for name in names if not _agree(found.get(name), wanted[name])]
            if left:
                self._begin()
        return list(names)

    def _heard(self, worker: Worker) -> dict[str, Done]:
        said: dict[str, Done] = {}
        for message in worker.messages(self.supervisor.kata.head.deadline, first=LOADING_SECONDS):
            if isinstance(message, Done):
                said[message.name] = message
            if isinstance(message, (Done, Loaded)) and worker is self.room:
                self.supervisor.notice(message.banned, message.tampered)
            if isinstance(message, Finished):
                break
        return said


def _agree(sent: Done | None, right: Done) -> bool:
    if sent is None or sent.outcome != Outcome.PASSED:
        return False
    return confirms(sent.journal or [], right.journal or [])
