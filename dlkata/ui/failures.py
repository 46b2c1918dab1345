"""What went wrong in each test, at length: the most telling first, and the same thing once."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dlkata.grading.protocol import Outcome, Result, Sentence
from dlkata.locale import N_, _, language
from dlkata.ui.finding import explain
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

BAD, QUIET, STRONG = "red", "dim", "bold"
DETAILED = 3  # failures explained at length; the rest follow from them more often than not
# Wrong numbers elsewhere follow from a changed input or a missing parameter; a property says more than numbers.
TELLING = {
    kind: rank
    for rank, kinds in enumerate(
        (
            ("edited", "reseeded", "unconfirmed", "state_dict", "subclass"),
            ("property", "shape", "dtype", "device", "type", "no_gradient"),
            ("range", "value"),
        )
    )
    for kind in kinds
}
LEAST_TELLING = len(TELLING)


def said(sentence: Sentence) -> str:
    return sentence.zh if language() == "zh" else sentence.en


def ending_of(result: Result) -> str:
    """What is the same for all tests that end with one and the same exception at one line; "" for other ends."""
    raised = result.raised
    if raised is None or not raised.frames:
        return ""
    # A name that is missing at the top is missing wherever it is used.
    line = 0 if raised.type == "NameError" else raised.frames[-1].line
    return f"{raised.type} {raised.text} {line}"


def explanation(result: Result, width: int) -> list["Text"]:
    """The lines below a test's sentence."""
    from rich.text import Text

    lines: list[Text] = []
    for line in explain(result):
        margin = len(line) - len(line.lstrip()) + 4
        lines += [Text(" " * margin).append_text(row) for row in wrap(Text(line.strip()), width - margin)]
    return lines


def details(
    results: Sequence[Result], width: int, *, most: int | None = DETAILED, more: str = "",
    own_output: "Callable[[Result], list[Text]]" = lambda _result: [],
) -> list["Text"]:  # fmt: skip
    """The most telling failures, each with its own message and what the attempt printed in it; `more` is the command
    that shows the rest."""
    from rich.text import Text

    blocks: dict[str, list[Result]] = {}
    for result in sorted((r for r in results if r.outcome != Outcome.PASSED), key=_rank):
        blocks.setdefault(ending_of(result) or "\n".join(explain(result)), []).append(result)
    shown = list(blocks.values())[:most]
    lines: list[Text] = []
    for alike in shown:
        lines += [Text(), *failed_test(alike[0], width), *explanation(alike[0], width)]
        if len(alike) > 1:
            lines += _also(len(alike) - 1, width)
        lines += [row for result in alike for row in own_output(result)]
    if left := sum(map(len, list(blocks.values())[len(shown) :])):
        rest = N_("{count} more failures: {command}") if left > 1 else N_("1 more failure: {command}")
        lines += [Text(), *wrap(Text(_(rest, count=left, command=more)), width)]
    return lines


def failed_test(result: Result, width: int) -> list["Text"]:
    """✗ with the test's sentence."""
    from rich.text import Text

    other = _(" (with other numbers)") if result.confirming else ""
    rows = wrap(Text.assemble((said(result.sentence), STRONG), (other, QUIET)), width - 2)
    return [Text.assemble(("✗ ", BAD) if number == 0 else "  ", row) for number, row in enumerate(rows)]


def _also(count: int, width: int) -> list["Text"]:
    from rich.text import Text

    text = (
        _("1 more test fails in the same way.")
        if count == 1
        else _("{count} more tests fail in the same way.", count=count)
    )
    return [Text("    ").append_text(row) for row in wrap(Text(text, style=QUIET), width - 4)]


def _rank(result: Result) -> int:
    if result.finding is None:
        return 0
    return TELLING.get(result.finding.kind, LEAST_TELLING)
