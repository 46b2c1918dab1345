"""A desk is ready before it is needed, for the next check of a kata alone; what it says is heard at its time."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from dlkata.author.proof import check_of
from dlkata.content.library import Library
from dlkata.grading import client
from dlkata.grading.client import ping
from dlkata.grading.confirming import Confirmation
from dlkata.grading.desks import SEED_SIZE, Desk, Desks, fitting
from dlkata.grading.protocol import Check, Verdict
from dlkata.grading.workers import FORKS

pytestmark = pytest.mark.skipif(not FORKS, reason="workers are spawned here")
KATA = Library().kata("softmax")


@pytest.fixture(scope="module")
def open_line():
    with client.warm() as open_line:
        assert passes(open_line, again(repeated=False))  # now it has imported all that it needs
        yield open_line


def again(**options) -> Check:
    quick = check_of(KATA, KATA.reference, "again", training=False, repeated=True)
    return replace(quick, **options)


def passes(open_line, check: Check) -> bool:
    """Heard until all its processes have ended."""
    line = open_line()
    line.send(check)
    verdict = None
    while (message := line.receive()) is not None:
        verdict = message if isinstance(message, Verdict) else verdict
    line.close()
    return verdict is not None and verdict.passed


def listening(open_line) -> set[str]:
    """The pipes on which a host listens while nobody asks it anything."""
    while (answer := ping(open_line())).working:
        pass  # what has said its last word is about to end
    ping(open_line())  # what had ended then has been looked after
    held = {os.readlink(descriptor) for descriptor in Path("/proc", str(answer.pid), "fd").iterdir()}
    return {name for name in held if name.startswith("pipe:")}


def test_each_check_finds_one_and_leaves_another(open_line):
    before = listening(open_line)
    for _check in range(3):
        assert passes(open_line, again())
        after = listening(open_line)
        assert len(after - before) == 2
        before = after


def test_another_kata_has_another(open_line):
    assert passes(open_line, again())
    before = listening(open_line)
    other = Library().kata("cosine_lr")
    assert passes(open_line, check_of(other, other.reference, "other", repeated=True))
    after = listening(open_line)
    assert len(after) == len(before) and len(after - before) == 2
    assert passes(open_line, again())


def test_who_asks_once_neither_takes_nor_leaves_one(open_line):
    assert passes(open_line, again())
    before = listening(open_line)
    assert passes(open_line, again(repeated=False))
    assert listening(open_line) == before


class Ended(Exception):
    """In place of a process: nobody hears it any more."""

    def close(self):
        raise self


@pytest.mark.parametrize("what", ["reference", "suite", "kata"])
def test_where_something_has_changed_since_it_is_not_used(tmp_path, what):
    solution = tmp_path / "solutions" / "softmax.py"
    solution.parent.mkdir()
    shutil.copy(KATA.reference_file, solution)
    shutil.copy(KATA.reference_file, solution.with_stem("other"))
    check, suite = again(root=str(tmp_path)), object()
    desks = Desks()
    desks.ready = Desk(Ended(), fitting(check, suite))
    if what == "reference":
        os.utime(solution, ns=(1, 1))
    if what == "kata":
        check = replace(check, stem="other")
    with pytest.raises(Ended):
        desks.take(check, object() if what == "suite" else suite)
    assert desks.ready is None


@pytest.fixture
def at_desk():
    """A process that has said nothing yet, and where it says it."""
    (result, said), (printed, prints) = os.pipe(), os.pipe()
    process = SimpleNamespace(result=result, ended=False)
    process.close = lambda: setattr(process, "ended", True)
    yield process, said
    for descriptor in (result, printed, prints):
        os.close(descriptor)


def test_its_seed_alone_is_heard_before_the_room_has_begun(at_desk):
    """What the supervisor has heard, the room gets a copy of."""
    process, said = at_desk
    os.write(said, (77).to_bytes(SEED_SIZE) + b"answers")
    os.close(said)
    unheard = []

    def worker(purpose: str, _tests: list[str], seed: int) -> SimpleNamespace:
        unheard.append(os.read(process.result, 99))
        return SimpleNamespace(purpose=purpose, seed=seed)

    supervisor = SimpleNamespace(
        quick=[], desk=Desk(process, ()), worker=worker, hear=lambda process: SimpleNamespace(process=process)
    )
    confirmation = Confirmation(supervisor)
    assert unheard == [b"answers"]
    assert (confirmation.room.purpose, confirmation.room.seed) == ("room", 77)
    assert confirmation.desk.process is process


@pytest.mark.parametrize("gone", [True, False])
def test_one_that_has_not_begun_is_replaced(at_desk, gone):
    process, said = at_desk
    if gone:
        os.close(said)
    supervisor = SimpleNamespace(
        quick=[], desk=Desk(process, ()), worker=lambda purpose, _tests, seed: (purpose, seed)
    )
    confirmation = Confirmation(supervisor)
    assert process.ended
    assert confirmation.workers == (("room", confirmation.seed), ("desk", confirmation.seed))
    if not gone:
        os.close(said)
