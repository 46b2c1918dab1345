"""A desk made ready: the reference's numbers for a check that is yet to come.

They need no attempt, and so nobody who waits for a verdict need wait for them. A desk begins when the check before has
ended, with a seed of its own making: no process that runs an attempt knows it until the room does.
"""

import dataclasses
import fcntl
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from dlkata.grading.collection import Suite
from dlkata.grading.protocol import Check
from dlkata.grading.work.job import Job
from dlkata.grading.workers import FORKS, Process, start

SEED_SIZE = 4
PIPE_SIZE = 1 << 20  # so that a desk need not stop until somebody reads what it wrote


def new_seed() -> int:
    return 1 + secrets.randbelow(1 << 31)


@dataclass
class Desk:
    process: Process | None  # until it is taken
    fits: tuple[object, ...]  # which checks

    def take(self) -> tuple[int, Process] | None:
        """Its seed and its process, once; None where it has not begun, and is of no use.

        What it says after its seed is not heard yet: who is forked from here must not know it.
        """
        process, self.process = self.process, None
        if process is None:
            return None
        os.set_blocking(process.result, False)
        try:
            said = os.read(process.result, SEED_SIZE)
        except BlockingIOError:
            said = b""
        if len(said) < SEED_SIZE:
            process.close()
            return None
        return int.from_bytes(said), process

    def close(self) -> None:
        if self.process is not None:
            self.process.close()


class Desks:
    """At most one, for another check of the kata that was checked last."""

    def __init__(self) -> None:
        self.ready: Desk | None = None

    def take(self, check: Check, suite: Suite) -> Desk | None:
        """For this check, if it fits; whoever takes it ends it."""
        if not check.repeated:
            return None
        desk, self.ready = self.ready, None
        if desk is not None and desk.fits != fitting(check, suite):
            desk.close()
            return None
        return desk

    def prepare(self, check: Check, suite: Suite) -> None:
        """For another check like this one."""
        if not FORKS or not check.repeated or not check.confirm or check.device != "cpu":
            return
        fits = fitting(check, suite)
        if self.ready is not None:
            if self.ready.fits == fits:
                return
            self.ready.close()
        job = Job(replace(check, attempt="", source=""), "desk", suite.quick, seed=0, forbids=[])

        def make_up_a_seed(result: int) -> None:
            job.seed = new_seed()
            os.write(result, job.seed.to_bytes(SEED_SIZE))

        process = start(job, suite, make_up_a_seed)
        # When it is needed it may have ended long ago, and its number be somebody else's.
        self.ready = Desk(dataclasses.replace(process, pid=0), fits)
        try:
            fcntl.fcntl(process.result, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        except OSError:
            pass  # it stops sooner, and goes on when it is heard


def fitting(check: Check, suite: Suite) -> tuple[object, ...]:
    reference = Path(check.root, "solutions", f"{check.stem}.py")
    try:
        changed = reference.stat().st_mtime_ns
    except OSError:
        changed = 0  # whoever opens it will say so
    return check.root, check.stem, check.device, changed, id(suite)
