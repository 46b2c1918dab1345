"""What one reads after opening an entry of the list: a statement, an explanation, a question that was met."""

from typing import TYPE_CHECKING

from dlkata.content.concept import Concept
from dlkata.content.kata import Kata
from dlkata.content.question import Kind, Option, Question
from dlkata.locale import _
from dlkata.ui.concept import explanation, practice
from dlkata.ui.page import layout
from dlkata.ui.question import hanging
from dlkata.ui.wrap import wrap

if TYPE_CHECKING:
    from rich.text import Text

STRONG, QUIET, COMMAND, GOOD, NOTED = "bold", "dim", "cyan", "green", "yellow"


def noted(note: str, width: int) -> list["Text"]:
    """What the learner has written about it, above it."""
    from rich.text import Text

    return [*wrap(Text(f"“{note}”", style=NOTED), width), Text()]


def kata_page(kata: Kata, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    facts = _("level {level} · {minutes} min", level=kata.head.level, minutes=kata.head.minutes)
    start = Text.assemble(
        (_("Start it: {command}", command=""), QUIET), (f"{run} kata {kata.typed}", COMMAND)
    )
    return [
        *wrap(Text.assemble((kata.title, STRONG), f" · {facts}"), width),
        Text(),
        *layout(kata.section.body, width),
        Text(),
        *wrap(start, width),
    ]


def concept_page(concept: Concept, kata: str, run: str, width: int) -> list["Text"]:
    from rich.text import Text

    lines = [*explanation(concept, width), *practice(concept, kata, run, width)]
    if concept.has_experiment:
        seen = Text.assemble((_("See it run: "), QUIET), (f"{run} why {concept.typed}", COMMAND))
        lines += wrap(seen, width)
    return lines


def question_page(question: Question, run: str, width: int) -> list["Text"]:
    """What is asked, and what there is to choose."""
    from rich.text import Text

    asked = _fresh(question)
    lines = layout(asked.prompt, width)
    if question.placeholders:
        lines += [Text(), *wrap(Text(_("Its numbers (…) are drawn afresh each time."), style=QUIET), width)]
    if question.kind in (Kind.CHOICE, Kind.MULTI, Kind.PREDICT):
        lines.append(Text())
        for option in asked.options:
            lines += hanging("  - ", option.text, width)
    name = question.concept.replace("_", "-")
    asks = Text.assemble((_("Its questions: "), QUIET), (f"{run} quiz --concept {name}", COMMAND))
    return [*lines, Text(), *wrap(asks, width)]


def answer_page(question: Question, width: int) -> list["Text"]:
    """Each option with what is said about it; the right ones carry a mark."""
    from rich.text import Text

    asked = _fresh(question)
    lines = [*layout(asked.prompt, width), Text()]
    ordered = question.kind is Kind.ORDER
    for number, option in enumerate(asked.options, 1):
        mark = f"  {number}. " if ordered else "  ✓ " if option.right else "  ✗ "
        lines += hanging(mark, option.text, width, f"{STRONG} {GOOD}" if option.right else STRONG)
        lines += _said(option, " " * len(mark), width)
    for title, entry in ((_("A weak answer:"), asked.weak), (_("What comes next:"), asked.follow_up)):
        if entry is not None:
            lines += [Text(), Text(title, style=STRONG), *hanging("  - ", entry.text, width)]
            lines += _said(entry, "    ", width)
    return lines


def _said(option: Option, margin: str, width: int) -> list["Text"]:
    return hanging(margin, option.feedback, width) if option.feedback else []


def _fresh(question: Question) -> Question:
    """With an ellipsis for each number that is drawn."""
    return question.filled(dict.fromkeys(question.placeholders, "…")) if question.placeholders else question
