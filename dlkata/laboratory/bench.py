"""Where a concept's claims are run: a process of its own, started when first needed, ended at its deadline."""

import json
import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlkata import launching
from dlkata.errors import DlkataError
from dlkata.locale import _

DRAWING_SECONDS = 20.0
EVIDENCE_SECONDS = 60.0  # generous: what content may compute is measured in processor time by `author check`
EXPERIMENT_SECONDS = 120.0


@dataclass(frozen=True)
class Outcome:
    """What a piece of content's code returned, or how it failed."""

    value: Any = None
    error: str = ""
    line: int = 0
    failed_claim: bool = False  # an assertion, as opposed to an accident
    seconds: float = 0.0
    computing: float = 0.0  # seconds of processor time

    @property
    def ok(self) -> bool:
        return not self.error


class Laboratory:
    """One process for many requests; after a deadline or a crash the next request starts another."""

    def __init__(self, patience: float = 1.0) -> None:
        self.patience = (
            patience  # times the deadlines: proving content on a loaded machine is no fault of its
        )
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def draw(self, file: Path, function: str, seed: int) -> Outcome:
        return self._ask(DRAWING_SECONDS, do="draw", file=str(file), function=function, seed=seed)

    def evidence(self, file: Path, function: str, drawn: dict[str, Any] | None = None) -> Outcome:
        return self._ask(EVIDENCE_SECONDS, do="call", file=str(file), function=function, drawn=drawn)

    def experiment(self, file: Path, *, off: bool = False) -> Outcome:
        return self._ask(EXPERIMENT_SECONDS, do="call", file=str(file), function="experiment", off=off)

    def worked(self, file: Path) -> Outcome:
        return self._ask(EVIDENCE_SECONDS, do="call", file=str(file), function="worked")

    def printed(self, code: str, seed: int = 0) -> Outcome:
        return self._ask(DRAWING_SECONDS, do="print", code=code, seed=seed)

    def start(self, *, torch: bool = False) -> None:
        """Begins starting the process, so that it is there when it is needed; with torch if it will be."""
        if self._process is not None and self._process.poll() is None:
            return
        self._answers = queue.Queue()
        self._process = subprocess.Popen(
            launching.command("laboratory.experimenter", *(["torch"] if torch else [])),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=launching.environment(),
            cwd="/",
            start_new_session=True,  # Ctrl-C is ours: we end it
        )
        threading.Thread(target=_listen, args=(self._process, self._answers), daemon=True).start()

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _ask(self, seconds: float, **request: Any) -> Outcome:
        self.start()
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._answers.get(timeout=seconds * self.patience)
        except queue.Empty:
            self.close()
            return Outcome(error=_("no answer within {seconds:g} s", seconds=seconds), seconds=seconds)
        except (BrokenPipeError, OSError):
            answer = ""
        except BaseException:
            self.close()  # Ctrl-C: a late answer must not be taken for the next one's
            raise
        if not answer:
            self.close()
            return Outcome(error=_("its process ended"))
        found = json.loads(answer)
        return Outcome(
            value=found.get("value"),
            error=found.get("error", ""),
            line=found.get("line", 0),
            failed_claim=found.get("failed", False),
            seconds=found["seconds"],
            computing=found["computing"],
        )


def _listen(process: "subprocess.Popen[str]", answers: "queue.Queue[str]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        answers.put(line)
    answers.put("")  # it is gone


@contextmanager
def laboratory(patience: float = 1.0) -> Iterator[Laboratory]:
    bench = Laboratory(patience)
    try:
        yield bench
    finally:
        bench.close()


def failure(outcome: Outcome, file: Path) -> DlkataError:
    place = f"{file}:{outcome.line}" if outcome.line else str(file)
    return DlkataError(_("{place}: {error}", place=place, error=outcome.error), exit_code=3)
