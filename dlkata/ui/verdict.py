"""A verdict on the screen: renderables, top to bottom, and the object that --json prints."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dlkata.content.kata import Kata
from dlkata.grading.protocol import MOST_TIMEOUTS, Outcome, Problem, Result, Verdict
from dlkata.locale import _
from dlkata.ui.failures import said
from dlkata.ui.finding import ended, explain, explain_raised
from dlkata.ui.place import place_json, place_lines, relation_sentence
from dlkata.ui.rules import explain_ban, explain_default, explain_tampering
from dlkata.ui.wrap import joined, marked, wrap

if TYPE_CHECKING:
    from rich.text import Text

GOOD, BAD, QUIET, STRONG = "green", "red", "dim", "bold"
PRINTED_LINES = 10


def title(kata: Kata, device: str, width: int) -> list["Text"]:
    from rich.text import Text

    name = kata.typed
    return wrap(Text.assemble((name, STRONG), f" · {kata.title} · {device}"), width)


def passed_test(result: Result, width: int) -> list["Text"]:
    """✓ with the test's sentence."""
    lines = marked("✓", said(result.sentence), GOOD, width)
    if result.confirming:
        lines[-1].append(_(" (with other numbers)"), style=QUIET)
    return lines


def printed(output: str, room: int) -> tuple[list["Text"], int]:
    """As many lines of the attempt's own output as there is room for, and how many are left."""
    from rich.text import Text

    rows = _printable(output).rstrip().split("\n") if output.strip() else []
    shown = rows[: max(0, room)]
    return [Text(f"      │ {row}", style=QUIET) for row in shown], len(rows) - len(shown)


def unshown(lines: int) -> list["Text"]:
    from rich.text import Text

    if not lines:
        return []
    text = _("… and 1 more line") if lines == 1 else _("… and {count} more lines", count=lines)
    return [Text("      │ " + text, style=QUIET)]


def _printable(text: str) -> str:
    """Without the control characters that would move the cursor or recolour the screen."""
    return "".join(c if c in "\n\t" or c.isprintable() else "�" for c in text.replace("\r\n", "\n"))


def caught(verdict: Verdict, width: int) -> list["Text"]:
    """What the kata or the house forbids: it stands before all else."""
    from rich.text import Text

    sentences = [explain_ban(b) for b in verdict.banned] + [explain_tampering(t) for t in verdict.tampered]
    return [row for sentence in sentences for row in (Text(), *marked("!", sentence, BAD, width))]


def closing(kata: Kata, verdict: Verdict, source: str, width: int) -> list["Text"]:
    """What it looks like, and where."""
    from rich.text import Text

    lines: list[Text] = []
    if verdict.bugs:
        lines += [Text(), Text(_("Likely cause"), style=STRONG)]
        for text in bug_texts(kata, verdict.bugs):
            lines += marked("▸", text, "", width)
    if verdict.place is not None:
        lines += [Text(), *place_lines(verdict.place, source, width)]
    if verdict.defaults and not verdict.passed:
        lines.append(Text())
        for changed in verdict.defaults:
            lines += marked("▸", explain_default(changed), "", width)
    return lines


def bug_texts(kata: Kata, names: Iterable[str]) -> list[str]:
    texts = {bug.name: bug.text for bug in kata.solution.bugs}
    return [joined(texts[name].split("\n")) for name in names]


def summary(
    kata: Kata, results: Sequence[Result], expected: int, verdict: Verdict, width: int, run: str, again: str
) -> list["Text"]:
    """The sum of it and what to do next; `again` is what was checked, as it was typed."""
    from rich.text import Text

    name = kata.typed
    passed = sum(r.outcome == Outcome.PASSED for r in results)
    if verdict.passed:
        line = Text(_("Passed: all {count} tests.", count=len(results)), style=f"{STRONG} {GOOD}")
        steps = []  # what a pass means is told elsewhere: `ui.passing`
    else:
        count = _("Not passed: {passed} of {count} tests pass.", passed=passed, count=expected)
        line = Text(count, style=f"{STRONG} {BAD}")
        steps = [
            _("A hint: {command}", command=f"{run} hint {name}"),
            _("Check again: {command}", command=f"{run} check {again}"),
        ]
        if hung(results):
            steps.insert(0, _("After two tests that did not end the others were not run."))
    return [line, *(row for step in steps for row in wrap(Text(step), width))]


def hung(results: Sequence[Result]) -> bool:
    return sum(result.outcome == Outcome.TIMEOUT for result in results) >= MOST_TIMEOUTS


def problem_lines(kata: Kata, problem: Problem, file: str, width: int, run: str) -> list["Text"]:
    """Why an attempt could not be graded: the line, a caret, one sentence."""
    from rich.text import Text

    lines: list[Text] = []
    for row in problem_sentences(kata, problem, file, run):
        lines += wrap(Text(row), width)
    if problem.line and problem.code:
        number = f"{problem.line:>5} │ "
        lines.append(Text(f"{number}{problem.code}"))
        if problem.column:
            from rich.cells import cell_len

            offset = cell_len(problem.code[: problem.column - 1].expandtabs(1))
            lines.append(Text("      │ " + " " * offset + "^", style=BAD))
    shown, left = printed(problem.output, PRINTED_LINES)
    return [*lines, *shown, *unshown(left + problem.output_cut)]


def problem_sentences(kata: Kata, problem: Problem, file: str, run: str) -> list[str]:
    name = kata.typed
    place = f"{file}:{problem.line}" if problem.line else file
    names = ", ".join(f"`{n}`" for n in problem.names)
    match problem.kind:
        case "stub":
            return [
                _("{file} is not started yet.", file=file),
                _(
                    "Replace each `raise NotImplementedError`; {command} shows what to build.",
                    command=f"`{run} kata {name}`",
                ),
            ]
        case "syntax":
            return [_("{place}: Python cannot read this line: {reason}.", place=place, reason=problem.text)]
        case "import":
            return [_("{place}: the import fails: {reason}.", place=place, reason=problem.text)]
        case "exit":
            return [_("{place}: the file ends the program while it is loaded (sys.exit).", place=place)]
        case "raised":
            assert problem.raised is not None
            return [_("{place}: the file cannot be loaded.", place=place), explain_raised(problem.raised)[0]]
        case "missing":
            return [
                _("{place}: {names} is not defined; the statement asks for it.", place=place, names=names)
            ]
        case "signature" if len(problem.names) == 2:
            mine, asked = problem.names
            return [
                _("{place}: the parameters are not those of the statement.", place=place),
                _("Yours: `{mine}`; asked for: `{asked}`.", mine=mine, asked=asked),
            ]
        case "signature":
            return [_("{place}: {names} must be a class.", place=place, names=names)]
        case "not_own":
            return [_("{place}: {names} must be defined in this file, by you.", place=place, names=names)]
        case "timeout":
            return [_("{place}: the file is not loaded in time: it hangs, or loops for ever.", place=place)]
        case "crashed":
            return [_("{place}: the file cannot be loaded.", place=place), ended(problem.text)]
        case "unreadable":
            return [problem.text]
        case _:
            return [f"{place}: {problem.kind} {problem.text}"]  # fmt: skip


def as_json(kata: Kata, device: str, results: Sequence[Result], verdict: Verdict) -> dict[str, Any]:
    place = verdict.place
    return {
        "kata": kata.name,
        "passed": verdict.passed,
        "device": device,
        "tests": [
            {
                "name": r.name,
                "sentence": said(r.sentence),
                "outcome": r.outcome.value,
                "seconds": round(r.seconds, 4),
                "message": "\n".join(explain(r)),
                **({"output": r.output} if r.output else {}),
            }
            for r in results
        ],
        "diagnosis": {"bugs": verdict.bugs, "text": " ".join(bug_texts(kata, verdict.bugs))}
        if verdict.bugs
        else None,
        "place": None if place is None else place_json(place),
        "relation": None
        if place is None or place.relation is None
        else {"kind": place.relation.kind, "text": relation_sentence(place.relation, place.text)},
        "defaults": [
            {"name": d.name, "line": d.line, "mine": d.mine, "asked": d.asked} for d in verdict.defaults
        ],
        "banned": [{"call": b.call, "line": b.line} for b in verdict.banned],
        "tampered": [explain_tampering(t) for t in verdict.tampered],
    }
