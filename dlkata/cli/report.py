"""Listens to a grading and shows it: each test as it finishes, then the verdict."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlkata.content.kata import Kata
from dlkata.grading.protocol import Plan, Problem, Result, TestStarted, Verdict
from dlkata.locale import _
from dlkata.ui.failures import DETAILED, details, ending_of, explanation, said
from dlkata.ui.screen import console
from dlkata.ui.verdict import (
    PRINTED_LINES,
    as_json,
    caught,
    closing,
    printed,
    problem_lines,
    problem_sentences,
    summary,
    test_line,
    title,
    unshown,
)
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text


class Report:
    def __init__(
        self, kata: Kata, file: Path, source: str, device: str, run: str, *, quiet: bool, again: str = "",
        all_failures: bool = False,
    ):  # fmt: skip
        """`again`: how to check the same once more, as it was typed."""
        self.again, self.all_failures = again or kata.typed, all_failures
        self.kata, self.file, self.source, self.device, self.run = kata, file, source, device, run
        self.quiet = quiet
        self.results: list[Result] = []
        self.verdict: Verdict | None = None
        self.problem: Problem | None = None
        self.sentences: dict[str, Any] = {}
        self.told: Counter[str] = Counter()  # tests by how they ended, where an exception ended them
        self.room, self.unshown = PRINTED_LINES, 0  # lines of the attempt's own output
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
            self._show(self._told(event, console().width))
        elif isinstance(event, Problem):
            self.problem = event
        elif isinstance(event, Verdict):
            self.verdict = event

    def _told(self, result: Result, width: int) -> list["Text"]:
        """Its line; what one and the same exception ends is told once, with it, and counted afterwards."""
        ending = ending_of(result)
        if ending:
            self.told[ending] += 1
        own = self._own_output(result)
        if self.told[ending] > 1:
            return own
        return [*test_line(result, width), *own, *(explanation(result, width) if ending else [])]

    def _own_output(self, result: Result) -> list["Text"]:
        """What the attempt printed: the first lines of all, and how many there were at the end."""
        lines, left = printed(result.output, self.room)
        self.room -= len(lines)
        self.unshown += left + result.output_cut
        return lines

    def _the_same(self, width: int) -> list["Text"]:
        """How many more tests ended as one that was told."""
        from rich.text import Text

        more = sum(self.told.values()) - len(self.told)
        text = _("1 more test ends the same way.") if more == 1 else _("{count} more tests end the same way.", count=more)  # fmt: skip
        return [Text(f"  ✗ {row.plain}", style="red") for row in wrap(Text(text), width - 4)] if more else []

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

    @property
    def expected(self) -> int:
        """How many tests there are."""
        return len(self.sentences) or len(self.results)

    def closing(self, width: int) -> list["Text"]:
        from rich.text import Text

        if self.problem is not None:
            return problem_lines(self.kata, self.problem, self.file.name, width, self.run)
        assert self.verdict is not None
        most = None if self.all_failures else DETAILED
        more = f"{self.run} check {self.again} --all-failures"
        return [
            *unshown(self.unshown),
            *self._the_same(width),
            *caught(self.verdict, width),
            *details(self.results, width, most=most, told=self.told, more=more),
            *closing(self.kata, self.verdict, self.source, width),
            Text(),
            *summary(self.kata, self.results, self.expected, self.verdict, width, self.run, self.again),
        ]

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
