"""A question on the screen, and what is said about an answer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dlkata.content.concept import Concept
from dlkata.content.question import Kind, Option
from dlkata.locale import N_, _
from dlkata.study.asking import LETTERS, Asked, letters_of
from dlkata.study.session import Marked
from dlkata.ui.page import layout, paragraph
from dlkata.ui.wrap import joined, wrap

if TYPE_CHECKING:
    from rich.text import Text

STRONG, QUIET, COMMAND, GOOD, BAD = "bold", "dim", "cyan", "green", "red"
# What the footers say of each key. The words are understood too: they must tell the keys apart.
KEYS = {
    "h": N_("h hint"),
    "?": N_("? skip"),
    "x": N_("x don't know"),
    "u": N_("u undo"),
    "q": N_("q stop"),
}
AFTERWARDS = {"": N_("Enter: next"), "!": N_("! see it run"), "u": KEYS["u"], "q": KEYS["q"]}
GRADES = {
    "1": N_("1 little"),
    "2": N_("2 half"),
    "3": N_("3 most"),
    "4": N_("4 all, at once"),
    "q": KEYS["q"],
}


def card(asked: Asked, place: str, topic: str, width: int) -> list["Text"]:
    """Place, topic, prompt, options."""
    return [*heading(asked, place, topic, width), *prompt(asked, width), *options(asked, width)]


def heading(asked: Asked, place: str, topic: str, width: int) -> list["Text"]:
    from rich.text import Text

    level = _("level {level}", level=asked.question.head.level)
    return wrap(Text.assemble((place, STRONG), (f" · {topic} · {level}", QUIET)), width)


def prompt(asked: Asked, width: int) -> list["Text"]:
    from rich.text import Text

    return [Text(), *layout(asked.question.prompt, width)]


def options(asked: Asked, width: int) -> list["Text"]:
    """What can be chosen, each at its letter."""
    from rich.text import Text

    rows = [row for option in options_by_letter(asked, width) for row in option]
    return [Text(), *rows] if rows else []


def options_by_letter(asked: Asked, width: int) -> list[list["Text"]]:
    texts = [asked.question.options[number].text for number in asked.shown]
    return [
        hanging(f"  {letter}  ", text, width, STRONG)
        for letter, text in zip(asked.letters, texts, strict=True)
    ]


def hanging(mark: str, text: str, width: int, style: str = "") -> list["Text"]:
    """A marked paragraph, its other lines under its first."""
    from rich.text import Text

    rows = paragraph(joined(text.split("\n")), max(20, width - len(mark)))
    return [
        Text.assemble((mark, style) if number == 0 else " " * len(mark), row)
        for number, row in enumerate(rows)
    ]


def keys(asked: Asked, *, exam: bool, undo: bool, arrows: bool = False) -> str:
    """What can be typed, in one sentence."""
    left_out = {"h"} if exam else set()
    others = [_(said) for key, said in KEYS.items() if key not in left_out and (key != "u" or undo)]
    return " · ".join([ways(asked, arrows), *others])


def ways(asked: Asked, arrows: bool) -> str:
    """How this question is answered."""
    last = asked.letters[-1:]
    unit = asked.question.head.unit
    one = _("↑ ↓ and Enter, or a to {last}", last=last) if arrows else _("a to {last}", last=last)
    marking = _("↑ ↓ and space: ") if arrows else ""
    ordered = _("all letters in order, such as `{letters}`", letters=" ".join(reversed(asked.letters)))
    return {
        Kind.CHOICE: one,
        Kind.PREDICT: one,
        Kind.BUG: one,
        Kind.MULTI: marking + _("all that are right, such as `a c`"),
        Kind.ORDER: marking + ordered,
        Kind.NUMBER: _("a number, in {unit}", unit=unit) if unit else _("a number"),
        Kind.RECALL: _("an answer in your own words, on one line"),
    }[asked.question.kind]


def feedback(marked: Marked, width: int) -> list["Text"]:
    """Right or wrong; why the chosen one is, and why the right one is."""
    from rich.text import Text

    asked, given = marked.asked, marked.given
    options = asked.question.options
    kind = asked.question.kind
    lines: list[Text] = []
    if kind is Kind.RECALL:
        return []
    unknown = not (given.chosen or given.text)
    wrong = _("✗ Not known yet.") if unknown else _("✗ Wrong.")
    wrong = _("✗ Still open at the end.") if marked.answer.closed else wrong
    verdict = (_("✓ Right."), GOOD) if marked.right else (wrong, BAD)
    head = Text(verdict[0], style=f"{STRONG} {verdict[1]}")
    if kind is Kind.NUMBER:
        return [*_number(marked, head, width)]
    lines.append(head)
    if kind is Kind.ORDER:
        if not marked.right:
            lines += wrap(
                Text(_("The right order: {letters}", letters=letters_of(asked, range(len(options))))), width
            )
            lines += _ordered(options, width)
        return lines
    if kind is Kind.MULTI:
        return lines + _multi(marked, width)
    for number in given.chosen:
        lines += _explained(f"  {asked.letter(number)}  ", options[number].feedback, width)
    if not marked.right:
        right = asked.question.right[0]
        lines += hanging(
            f"  {asked.letter(right)}  ", _("is right: {text}", text=options[right].text), width, GOOD
        )
        lines += _explained("     ", options[right].feedback, width)
    return lines  # fmt: skip


def guess_judged(asked: Asked, expected: int, width: int) -> list["Text"]:
    """Whether what was expected has been seen, and why."""
    from rich.text import Text

    option = asked.question.options[expected]
    head = (_("✓ As you expected."), GOOD) if option.right else (_("✗ You expected otherwise."), BAD)
    lines = [Text(), Text(head[0], style=f"{STRONG} {head[1]}")]
    lines += _explained(f"  {asked.letter(expected)}  ", option.feedback, width)
    if not option.right:
        right = asked.question.right[0]
        text = asked.question.options[right].text
        lines += hanging(f"  {asked.letter(right)}  ", _("is right: {text}", text=text), width, GOOD)
    return lines


def _explained(mark: str, text: str, width: int) -> list["Text"]:
    return hanging(mark, text, width, STRONG) if text else []


def _number(marked: Marked, head: "Text", width: int) -> list["Text"]:
    from rich.text import Text

    question, given = marked.asked.question, marked.given
    unit = f" {question.head.unit}" if question.head.unit else ""
    right = question.options[0]
    if not marked.right:
        head = Text(joined([head.plain, _("It is {value}.", value=right.text + unit)]))
        head.stylize(f"{STRONG} {BAD}", 0, 2)
    lines = wrap(head, width)
    if not marked.right and given.chosen:
        lines += _explained(f"  {given.text}  ", question.options[given.chosen[0]].feedback, width)
    mark = f"  {right.text}  " if not marked.right else "  "
    return lines + _explained(mark, right.feedback, width)


def _multi(marked: Marked, width: int) -> list["Text"]:
    asked, chosen = marked.asked, set(marked.given.chosen)
    lines: list[Text] = []
    for letter, number in zip(asked.letters, asked.shown, strict=True):
        option = asked.question.options[number]
        if option.right == (number in chosen) and not option.right:
            continue  # rightly left out
        if option.right and number in chosen:
            said = option.feedback
        elif option.right:
            said = _("belongs to it. {feedback}", feedback=option.feedback)
        else:
            said = _("does not belong. {feedback}", feedback=option.feedback)
        lines += hanging(f"  {letter}  ", said, width, STRONG)
    return lines


def _ordered(options: Sequence[Option], width: int) -> list["Text"]:
    lines: list[Text] = []
    for number, option in enumerate(options, 1):
        text = f"{option.text} {option.feedback}".strip()
        lines += hanging(f"  {number}. ", text, width, STRONG)
    return lines


def model_answer(asked: Asked, width: int) -> list["Text"]:
    """The key points of free recall, to compare with."""
    from rich.text import Text

    lines = [Text(_("A good answer says:"), style=STRONG)]
    for option in asked.question.options:
        lines += hanging("  - ", f"{option.text} {option.feedback}".strip(), width)
    return lines + beyond_the_points(asked, width)


def key_points(asked: Asked, width: int) -> list[list["Text"]]:
    """Each at a letter, to say which of them one made."""
    texts = [f"{option.text} {option.feedback}".strip() for option in asked.question.options]
    return [
        hanging(f"  {letter}  ", text, width, STRONG) for letter, text in zip(LETTERS, texts, strict=False)
    ]


def beyond_the_points(asked: Asked, width: int) -> list["Text"]:
    """What a weak answer says, and what is asked next."""
    from rich.text import Text

    lines: list[Text] = []
    for title, entry in (
        (_("A weak answer:"), asked.question.weak),
        (_("What comes next:"), asked.question.follow_up),
    ):
        if entry is not None:
            lines += [Text(), Text(title, style=STRONG), *hanging("  - ", entry.text, width)]
            lines += hanging("    ", entry.feedback, width)
    return lines


def where_next(concept: Concept | None, kata: str, comes_back: str, run: str, width: int) -> list["Text"]:
    """Below the feedback: the concept, the kata that practises it, when the question comes back."""
    from rich.text import Text

    lines: list[Text] = []
    if concept is not None:
        lines += wrap(
            Text.assemble(
                (_("{title}: ", title=concept.title), QUIET), (f"{run} why {concept.typed}", COMMAND)
            ),
            width,
        )
    if kata:
        lines += wrap(Text.assemble((_("Practise it: "), QUIET), (f"{run} kata {kata}", COMMAND)), width)
    if comes_back:
        lines += wrap(Text(comes_back, style=QUIET), width)
    return lines  # fmt: skip


def question_as_json(asked: Asked) -> dict[str, Any]:
    question = asked.question
    found: dict[str, Any] = {
        "id": question.id, "kind": question.kind.value, "topic": question.topic, "level": question.head.level,
        "prompt": question.prompt,
    }  # fmt: skip
    if asked.shown:
        texts = [question.options[number].text for number in asked.shown]
        found["options"] = dict(zip(asked.letters, texts, strict=True))
    if question.head.unit:
        found["unit"] = question.head.unit
    return found


def marked_as_json(marked: Marked, due: str | None) -> dict[str, Any]:
    asked, question = marked.asked, marked.asked.question
    if asked.shown:
        right: list[str] = [asked.letter(number) for number in question.right]
    elif question.kind is Kind.NUMBER:
        right = [question.options[0].text]
    else:
        right = [option.text for option in question.options]
    return {
        "question": question.id,
        "typed": marked.given.text,
        "outcome": marked.answer.outcome.value,
        "seconds": marked.answer.seconds,
        "right": right,
        "feedback": [question.options[number].feedback for number in marked.given.chosen],
        "due": due,
    }
