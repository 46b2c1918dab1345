"""A pass is confirmed where the answers are not: the room's journal is set beside the desk's.

Whoever passes has computed the numbers that the reference computes, from numbers that nobody knew before, in a process
that never held the answer. See `work/room.py`.
"""

from dataclasses import dataclass
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
        self.weighed: Weighed | None = None
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

    def listen_beside(self, worker: Worker) -> None:
        """Room and desk are heard while the worker is, and weighed when both have ended: the verdict need not wait."""
        for other in self.workers:
            worker.listen_beside(other, self._weigh_early)

    def _weigh_early(self) -> None:
        if all(worker.has_finished for worker in self.workers):
            self.weighed = self._weigh()

    def disagreements(self) -> list[str]:
        """The tests of which the room did not send what the desk did; what was caught there is noticed.

        A desk that does not come through, by chance or because somebody saw to it, confirms nobody: both begin again
        with other numbers, when nobody else is at work; and after some tries that is no pass.
        """
        for left in reversed(range(TRIES)):
            try:
                weighed = self.weighed or self._weigh()
            finally:
                self.end()
            for message in weighed.from_room:
                self.supervisor.notice(message.banned, message.tampered)
            if weighed.disagreements is not None:
                return weighed.disagreements
            if left:
                self._begin()
        return list(self.supervisor.quick)

    def _weigh(self) -> "Weighed":
        at_desk, in_room = self._heard(self.desk), self._heard(self.room)
        wanted, found = _tests(at_desk), _tests(in_room)
        names = self.supervisor.quick
        if not all(name in wanted and wanted[name].outcome == Outcome.PASSED for name in names):
            return Weighed(None, in_room)
        return Weighed([name for name in names if not _agree(found.get(name), wanted[name])], in_room)

    def _heard(self, worker: Worker) -> list[Done | Loaded]:
        said = []
        for message in worker.messages(self.supervisor.kata.head.deadline, first=LOADING_SECONDS):
            if isinstance(message, (Done, Loaded)):
                said.append(message)
            if isinstance(message, Finished):
                break
        return said


@dataclass(frozen=True)
class Weighed:
    disagreements: list[str] | None  # None: the desk did not come through
    from_room: list[Done | Loaded]


def _tests(said: list[Done | Loaded]) -> dict[str, Done]:
    return {message.name: message for message in said if isinstance(message, Done)}


def _agree(sent: Done | None, right: Done) -> bool:
    if sent is None or sent.outcome != Outcome.PASSED:
        return False
    return confirms(sent.journal or [], right.journal or [])
