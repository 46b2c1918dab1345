"""Listens to a grading and shows it: each test as it finishes, then the verdict."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlkata.content.kata import Kata
from dlkata.grading.protocol import Plan, Problem, Result, TestStarted, Verdict
from dlkata.locale import _
from dlkata.ui.screen import console
from dlkata.ui.verdict import (
    as_json,
    closing,
    details,
    problem_lines,
    problem_sentences,
    said,
    test_line,
    title,
)

if TYPE_CHECKING:
    from rich.text import Text


class Report:
    def __init__(self, kata: Kata, file: Path, source: str, device: str, run: str, *, quiet: bool):
        self.kata, self.file, self.source, self.device, self.run = kata, file, source, device, run
        self.quiet = quiet
        self.results: list[Result] = []
        self.verdict: Verdict | None = None
        self.problem: Problem | None = None
        self.sentences: dict[str, Any] = {}
        self._waiting = False

    @property
    def passed(self) -> bool:
        return self.verdict is not None and self.verdict.passed

    @property
    def unusable_device(self) -> str:
        if self.problem is None or self.problem.kind != "device":
            return ""
        names = ", ".join(self.problem.names)
        return _("There is no {device} here. There is: {names}.", device=self.problem.text, names=names)

    def hear(self, event: Any) -> None:
        if isinstance(event, Plan):
            self.sentences = dict(event.tests)
            self._show(title(self.kata, self.device, console().width))
        elif isinstance(event, TestStarted):
            self._wait_for(event.name)
        elif isinstance(event, Result):
            # A test that passed and then failed with other numbers replaces its first result.
            self.results = [r for r in self.results if r.name != event.name] + [event]
            self._show(test_line(event, console().width))
        elif isinstance(event, Problem):
            self.problem = event
        elif isinstance(event, Verdict):
            self.verdict = event

    def _show(self, lines: list["Text"]) -> None:
        if self.quiet:
            return
        screen = console()
        if self._waiting:
            screen.file.write("\r\x1b[2K")
            self._waiting = False
        for line in lines:
            screen.print(line, soft_wrap=True)

    def _wait_for(self, name: str) -> None:
        """On a terminal, the test that is running; overwritten by its result."""
        screen = console()
        if self.quiet or not screen.is_terminal or screen.is_dumb_terminal or name not in self.sentences:
            return
        from rich.cells import set_cell_size

        text = f"  … {said(self.sentences[name])}"
        screen.file.write(set_cell_size(text, screen.width - 1).rstrip())
        screen.file.flush()
        self._waiting = True

    def closing(self, width: int) -> list["Text"]:
        if self.problem is not None:
            return problem_lines(self.kata, self.problem, self.file.name, width, self.run)
        assert self.verdict is not None
        final = closing(self.kata, self.results, self.verdict, self.source, width, self.run)
        return [*details(self.results, width), *final]

    def debug_closing(self, width: int) -> list["Text"]:
        from rich.text import Text

        lines = self.closing(width)[:-1] if self.problem is None else self.closing(width)
        note = _("This was a debug run, without deadlines and bans; it does not count. To be graded: {command}",
                 command=f"{self.run} check {self.kata.typed}")  # fmt: skip
        return [*lines, Text(note, style="dim")]

    def as_json(self) -> dict[str, Any]:
        verdict = self.verdict or Verdict(passed=False)
        answer = as_json(self.kata, self.device, self.results, verdict)
        if self.problem is not None:
            sentences = problem_sentences(self.kata, self.problem, self.file.name, self.run)
            answer["problem"] = {
                "kind": self.problem.kind,
                "line": self.problem.line,
                "message": " ".join(sentences),
            }
        return answer
