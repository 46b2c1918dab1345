"""The screen of `watch`: head, verdict, keys; what the terminal cannot hold of a verdict is scrolled to."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dlkata.content.kata import Kata
from dlkata.grading.protocol import Outcome, Problem, Result, Verdict
from dlkata.locale import _
from dlkata.ui.catalogue import keys
from dlkata.ui.failures import details
from dlkata.ui.page import layout
from dlkata.ui.verdict import BAD, GOOD, QUIET, STRONG, caught, closing, problem_lines
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.study.passing import Passing

WIDE, WIDEST_STATEMENT = 116, 80  # columns


@dataclass
class View:
    """What there is to show of one kata."""

    kata: Kata
    file: Path
    source: str = ""
    expected: int = 0  # tests
    results: list[Result] = field(default_factory=list)
    verdict: Verdict | None = None
    meaning: "Passing | None" = None  # of a pass
    problem: Problem | None = None
    message: str = ""  # in place of a verdict: "the file is gone"
    running: bool = False
    hints: list[str] = field(default_factory=list)
    question: str = ""  # asked at the bottom, answered with y or n
    interview: str = ""  # what is left of the one that runs
    notice: str = ""  # said above the verdict until the next key
    top: int = 0  # first row of the statement that stands beside the verdict
    below: int = 0  # first row of the verdict, where it is longer than the screen
    laid_out: dict[int, list["Text"]] = field(default_factory=dict)  # by width

    @property
    def passed(self) -> bool:
        return self.verdict is not None and self.verdict.passed


def frame(view: View, run: str, width: int, height: int) -> list["Text"]:
    """As many lines as fit: head and keys always, and of the verdict what matters first."""
    head, foot = _head(view, width), _foot(view, width)
    body = _body(view, run, width)
    room = height - len(head) - len(foot) - 1
    if len(body) > room:
        from rich.text import Text

        shown = max(1, room - 1)
        view.below = max(0, min(view.below, len(body) - shown))
        place = f"{view.below + 1}–{view.below + shown}/{len(body)} · j k"
        body = [*body[view.below : view.below + shown], Text(place, style=QUIET)]
    return [*head, *body, *foot]


def statement_width(columns: int) -> int:
    """Of the statement that stands beside the verdict; 0 where the terminal is too narrow for both."""
    return 0 if columns < WIDE else min(columns * 45 // 100, WIDEST_STATEMENT)


def beside(view: View, width: int, height: int) -> list["Text"]:
    """The part of the statement that fits, and which part it is."""
    from rich.text import Text

    if width not in view.laid_out:
        title = Text(view.kata.title, style=STRONG)
        view.laid_out[width] = [title, Text(), *layout(view.kata.section.body, width)]
    lines, room = view.laid_out[width], height - 3
    view.top = max(0, min(view.top, len(lines) - room))
    shown = [Text.assemble(("│ ", QUIET), line) for line in lines[view.top : view.top + room]]
    if len(lines) > room:
        place = f"{view.top + 1}–{view.top + len(shown)}/{len(lines)}"
        shown += [Text("│", style=QUIET), Text(f"│ {place} · ↑ ↓", style=QUIET)]
    return shown


def _head(view: View, width: int) -> list["Text"]:
    from rich.text import Text

    lines = wrap(Text.assemble((view.kata.typed, STRONG), f" · {view.kata.title}"), width)
    left = wrap(Text(view.interview, style=STRONG), width) if view.interview else []
    return [*lines, Text(str(view.file), style=QUIET, overflow="fold"), *left, Text()]


def _body(view: View, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    lines: list[Text] = _hint(view, width) if view.hints else []
    if view.notice:
        lines += [*wrap(Text(view.notice, style=STRONG), width), Text()]
    if view.message:
        lines += wrap(Text(view.message), width)
    elif view.problem is not None:
        lines += problem_lines(view.kata, view.problem, view.file.name, width, run)
    else:
        lines += _progress(view, width)
        if view.passed:
            lines += [
                Text(),
                Text(_("Passed: all {count} tests.", count=len(view.results)), style=f"{STRONG} {GOOD}"),
            ]
            if view.meaning is not None:
                from dlkata.ui.passing import passing_lines

                lines += passing_lines(view.meaning, run, width)
        elif view.verdict is not None:
            # The diagnosis first: on a small screen it says more than the numbers.
            lines += caught(view.verdict, width)
            lines += closing(view.kata, view.verdict, view.source, width)
            lines += details(view.results, width, most=None)
        else:
            lines += details(view.results, width, most=None)
    return lines


def _hint(view: View, width: int) -> list["Text"]:
    """The newest hint, above the verdict: it was asked for."""
    from rich.text import Text

    number, total = len(view.hints), len(view.kata.solution.hints)
    heading = _("{title}: hint {number} of {total}", title=view.kata.title, number=number, total=total)
    return [*wrap(Text(heading, style=STRONG), width), *layout(view.hints[-1], width), Text()]


def _progress(view: View, width: int) -> list["Text"]:
    from rich.text import Text

    marks = Text()
    for result in view.results:
        good = result.outcome == Outcome.PASSED
        marks.append("✓" if good else "✗", style=GOOD if good else BAD)
    marks.append("·" * max(0, view.expected - len(view.results)), style=QUIET)
    passed = sum(result.outcome == Outcome.PASSED for result in view.results)
    count = _("{passed} of {count} tests pass", passed=passed, count=view.expected or len(view.results))
    if not view.results and not view.running:
        return wrap(Text(_("Save the file to have it checked.")), width)
    if view.running and not view.expected:
        return [Text(_("checking …"))]
    state = _("checking …") if view.running else ""
    return [Text.assemble(marks, "  ", count, f"  {state}" if state else "")]


def _foot(view: View, width: int) -> list["Text"]:
    from rich.text import Text

    if view.question:
        return [Text(), *wrap(Text(f"{view.question} [y/n]", style=STRONG), width)]
    shown = [("n", _("next")), ("p", _("previous")), ("h", _("hint")), ("s", _("solution")), ("e", _("edit")),
            ("r", _("run again")), ("l", _("list")), ("x", _("reset")), ("q", _("quit"))]  # fmt: skip
    shown = [(key, meaning) for key, meaning in shown if key != "s" or view.passed]
    shining = [key for key in "ns" if view.passed]
    return [Text(), *keys(shown, width, shining).split("\n")]
