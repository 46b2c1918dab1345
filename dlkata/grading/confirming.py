"""A pass is confirmed where the answers are not: the room's journal is set beside the desk's.

Whoever passes has computed the numbers that the reference computes, from numbers that nobody knew before, in a process
that never held the answer. See `work/room.py`.
"""

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dlkata.grading.explain.journal import confirms
from dlkata.grading.protocol import Done, Finished, Loaded, Outcome
from dlkata.grading.workers import Worker

if TYPE_CHECKING:
    from dlkata.grading.supervisor import Supervisor

LOADING_SECONDS = 20.0


class Confirmation:
    """A room and a desk at work, beside the grading."""

    def __init__(self, supervisor: "Supervisor"):
        self.supervisor = supervisor
        self.seed = 1 + secrets.randbelow(1 << 31)
        self.room, self.desk = (
            supervisor.worker(purpose, supervisor.quick, self.seed) for purpose in ("room", "desk")
        )

    @property
    def workers(self) -> tuple[Worker, Worker]:
        return self.room, self.desk

    def end(self) -> None:
        for worker in self.workers:
            self.supervisor.end(worker)

    def disagreements(self) -> list[str]:
        """The tests of which the room did not send what the desk did; what was caught there is noticed."""
        try:
            wanted, found = self._heard(self.desk), self._heard(self.room)
        finally:
            self.end()
        return [name for name in self.supervisor.quick if name in wanted and not _agree(name, found, wanted)]

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


def _agree(name: str, found: Mapping[str, Done], wanted: Mapping[str, Done]) -> bool:
    right, sent = wanted[name], found.get(name)
    if right.outcome != Outcome.PASSED or right.journal is None:
        return True  # chance turned the reference itself away: that says nothing of an attempt
    if sent is None or sent.outcome != Outcome.PASSED or sent.journal is None:
        return False
    return confirms(sent.journal, right.journal)
