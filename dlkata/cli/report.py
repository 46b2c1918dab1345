"""Listens to a grading and shows it: how far it is, then what it is, where, which tests, what next."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlkata.content.kata import Kata
from dlkata.grading.protocol import Confirming, Outcome, Plan, Problem, Result, TestStarted, Verdict
from dlkata.locale import _
from dlkata.ui.failures import BAD, DETAILED, details, said
from dlkata.ui.screen import console
from dlkata.ui.verdict import (
    GOOD,
    PRINTED_LINES,
    as_json,
    caught,
    closing,
    passed_test,
    printed,
    problem_lines,
    problem_sentences,
    summary,
    title,
    unshown,
)

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
        elif isinstance(event, TestStarted) and event.name in self.sentences:
            self._wait_for(said(self.sentences[event.name]))
        elif isinstance(event, Confirming):
            self._wait_for(_("confirming with other numbers"))
        elif isinstance(event, Result):
            # A test that passed and then failed with other numbers replaces its first result.
            self.results = [r for r in self.results if r.name != event.name] + [event]
        elif isinstance(event, Problem):
            self.problem = event
        elif isinstance(event, Verdict):
            self.verdict = event
            self._show([])  # nothing is waited for any more

    def _passed_tests(self, width: int) -> list["Text"]:
        """What a pass has shown; of an attempt that fails only those in which it printed something."""
        lines: list[Text] = []
        for result in self.results:
            if result.outcome == Outcome.PASSED and (self.passed or self.all_failures or result.output):
                lines += [*passed_test(result, width), *self._own_output(result)]
        return lines

    def _own_output(self, result: Result) -> list["Text"]:
        """What the attempt printed: the first lines of all, and how many there were at the end."""
        lines, left = printed(result.output, self.room)
        self.room -= len(lines)
        self.unshown += left + result.output_cut
        return lines

    def _show(self, lines: list["Text"]) -> None:
        if self.quiet:
            return
        screen = console()
        if self._waiting:
            screen.file.write("\r\x1b[2K")
            self._waiting = False
        for line in lines:
            screen.print(line, soft_wrap=True)

    def _wait_for(self, what: str) -> None:
        """On a terminal, what is running; overwritten by its result."""
        screen = console()
        if self.quiet or not screen.is_terminal or screen.is_dumb_terminal:
            return
        from rich.cells import set_cell_size

        failed = sum(result.outcome != Outcome.PASSED for result in self.results)
        so_far = f"  ✓ {len(self.results) - failed}" + (f" ✗ {failed}" if failed else "")
        screen.file.write("\r\x1b[2K")
        screen.print(so_far, style=BAD if failed else GOOD, end="")
        screen.file.write(set_cell_size(f"  … {what}", screen.width - 1 - len(so_far)).rstrip())
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
        failures = details(self.results, width, most=most, more=more, own_output=self._own_output)
        return [
            *self._passed_tests(width),
            *caught(self.verdict, width),
            *closing(self.kata, self.verdict, self.source, width),
            *failures,
            *unshown(self.unshown),
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
