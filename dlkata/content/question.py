"""A question: its prompt and its options in both languages, each option with its own feedback."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from dlkata.content.page import Page, Part, Section
from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES, _, language

OPTION = re.compile(r"- \[([x ?])\] +(\S.*)$")
FEEDBACK = re.compile(r" {1,4}> ?(.*)$")
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
Stem = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
Values = Mapping[str, str | int | float]


class Kind(StrEnum):
    CHOICE = "choice"
    MULTI = "multi"
    NUMBER = "number"
    PREDICT = "predict"
    ORDER = "order"
    RECALL = "recall"
    BUG = "bug"  # made from a kata's known bugs; no page holds one


# What the marks of a kind's list may be: least and most options, least and most right ones.
WRITTEN = {
    Kind.CHOICE: (3, 5, 1, 1),
    Kind.MULTI: (4, 6, 1, 5),
    Kind.NUMBER: (3, 6, 1, 1),
    Kind.PREDICT: (3, 6, 1, 1),
    Kind.ORDER: (3, 6, 3, 6),
    Kind.RECALL: (3, 6, 3, 6),
}


class QuestionHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    question: Stem
    kind: Kind
    level: Annotated[int, Meta(ge=1, le=3)]
    trap: bool = False
    why: bool = False
    scenario: bool = False  # "what would you look at?": a curve, a symptom, a budget
    predicts: bool = False  # `why` asks it before it runs the concept's experiment
    tolerance: Annotated[float, Meta(gt=0, lt=1)] = 0.001
    unit: str = ""
    was: list[Stem] = []


@dataclass(frozen=True)
class Option:
    right: bool
    texts: Mapping[str, str]
    feedbacks: Mapping[str, str]  # "" where there is none

    @property
    def text(self) -> str:
        return self.texts[language()]

    @property
    def feedback(self) -> str:
        return self.feedbacks[language()]


@dataclass(frozen=True)
class Question:
    concept: str  # its name, with the pack's before it
    topic: str
    head: QuestionHead
    prompts: Mapping[str, str]
    options: Sequence[Option]
    content: str  # hash of all that is asked, in both languages
    parametric: bool = False
    weak: Option | None = None  # of free recall: what a weak answer says, and what it lacks
    follow_up: Option | None = None  # what is asked next, and its answer

    @property
    def id(self) -> str:
        return f"{self.concept}.{self.head.question}"

    @property
    def kind(self) -> Kind:
        return self.head.kind

    @property
    def prompt(self) -> str:
        return self.prompts[language()]

    @property
    def right(self) -> list[int]:
        return [number for number, option in enumerate(self.options) if option.right]

    @cached_property
    def placeholders(self) -> set[str]:
        texts = [*self.prompts.values()]
        for option in (*self.options, *filter(None, (self.weak, self.follow_up))):
            texts += [*option.texts.values(), *option.feedbacks.values()]
        return {name for text in texts for name in PLACEHOLDER.findall(text)}

    @property
    def code(self) -> str:
        """The Python of a prompt that asks what it prints."""
        found = PYTHON_BLOCK.search(self.prompts["en"])
        return found[1] if found else ""

    def filled(self, values: Values) -> "Question":
        """The same question with its numbers."""
        shown = {name: shown_value(value) for name, value in values.items()}

        def fill(texts: Mapping[str, str]) -> dict[str, str]:
            return {
                lang: PLACEHOLDER.sub(lambda match: shown.get(match[1], match[0]), text)
                for lang, text in texts.items()
            }

        def filled(option: Option) -> Option:
            return replace(option, texts=fill(option.texts), feedbacks=fill(option.feedbacks))

        return replace(
            self,
            prompts=fill(self.prompts),
            options=[filled(option) for option in self.options],
            weak=self.weak and filled(self.weak),
            follow_up=self.follow_up and filled(self.follow_up),
        )


def shown_value(value: str | int | float) -> str:
    return format(value, ".6g") if isinstance(value, float) else str(value)


def as_number(text: str) -> float | None:
    """The finite number a text is, or None."""
    try:
        value = float(text.strip().strip("`").replace("−", "-"))
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None  # nan compares False too


def same_number(one: float, other: float, tolerance: float) -> bool:
    return abs(one - other) <= tolerance * max(abs(other), 1e-12)


def read_question(page: Page, part: Part, concept: str, topic: str, functions: set[str]) -> Question:
    head = page.head(part, QuestionHead)
    if head.kind not in WRITTEN:
        raise _wrong(
            page.file, part.head_line, _("questions of kind `{kind}` are not written", kind=head.kind)
        )
    for lang in LANGUAGES:
        if lang not in part.sections:
            raise _wrong(page.file, part.head_line, _("no section `# {lang}`", lang=lang))
    read = {lang: _read_section(page.file, part.sections[lang]) for lang in LANGUAGES}
    (english, entries), (chinese, translated) = (read[lang] for lang in LANGUAGES)
    marks = [mark for mark, _text, _feedback in entries]
    if marks != [mark for mark, _text, _feedback in translated]:
        raise _wrong(
            page.file,
            part.sections["zh"].line,
            _("the options and marks of the two languages are not the same"),
        )
    options = [
        Option(here[0] == "x", {"en": here[1], "zh": there[1]}, {"en": here[2], "zh": there[2]})
        for here, there in zip(entries, translated, strict=True)
    ]
    weak = follow_up = None
    if head.kind is Kind.RECALL:  # the key points come first
        if marks[-2:] != [" ", "?"]:
            raise _wrong(
                page.file,
                part.sections["en"].line,
                _("`recall` ends with `- [ ]`, a weak answer, and `- [?]`, what is asked next"),
            )
        (*options, weak, follow_up), marks = options, marks[:-2]
    if "?" in marks:
        raise _wrong(page.file, part.sections["en"].line, _("`[?]` is the last entry of a `recall`"))
    _check_marks(page.file, part, head.kind, [mark == "x" for mark in marks])
    raw = "\n".join([part.head, *(part.sections[lang].body for lang in LANGUAGES)])
    return Question(
        concept=concept,
        topic=topic,
        head=head,
        prompts={"en": english, "zh": chinese},
        options=options,
        content=sha256(raw.encode()).hexdigest()[:16],
        parametric=f"{head.question}_draw" in functions,
        weak=weak,
        follow_up=follow_up,
    )


def _check_marks(file: Path, part: Part, kind: Kind, marks: list[bool]) -> None:
    least, most, least_right, most_right = WRITTEN[kind]
    line = part.sections["en"].line
    if not least <= len(marks) <= most:
        raise _wrong(
            file,
            line,
            _("{count} options; `{kind}` has {least} to {most}", count=len(marks), kind=kind, least=least, most=most),
        )  # fmt: skip
    if not least_right <= sum(marks) <= most_right:
        raise _wrong(
            file, line, _("{count} options are marked [x]; `{kind}` has {least} to {most}", count=sum(marks), kind=kind,
                          least=least_right, most=most_right)
        )  # fmt: skip
    if kind is Kind.MULTI and all(marks):
        raise _wrong(file, line, _("every option is right: at least one `[ ]` belongs here"))
    if kind in (Kind.ORDER, Kind.RECALL) and not all(marks):
        raise _wrong(file, line, _("every entry of `{kind}` is marked [x]", kind=kind))
    if kind is Kind.NUMBER and not marks[0]:
        raise _wrong(file, line, _("the first value is the answer: mark it [x]"))


def _read_section(file: Path, section: Section) -> tuple[str, list[tuple[str, str, str]]]:
    """The prompt, and of each option its mark, its text and its feedback."""
    prompt: list[str] = []
    entries: list[tuple[str, list[str], list[str]]] = []
    fenced = False
    for number, line in enumerate(section.body.split("\n"), section.body_line):
        if line.startswith("```"):
            fenced = not fenced
        match = None if fenced else OPTION.match(line)
        if match:
            entries.append((match[1], [match[2].strip()], []))
        elif not entries:
            prompt.append(line)
        elif found := FEEDBACK.match(line):
            entries[-1][2].append(found[1].strip())
        elif line.startswith("  ") and line.strip() and not entries[-1][2]:
            entries[-1][1].append(line.strip())
        elif line.strip():
            raise _wrong(file, number, _("this line is no option, no feedback and no continuation: {text}", text=line[:40]))  # fmt: skip
    if not "".join(prompt).strip():
        raise _wrong(file, section.line, _("the question has no prompt"))
    return "\n".join(prompt).strip("\n"), [
        (mark, "\n".join(text), "\n".join(feedback)) for mark, text, feedback in entries
    ]


def _wrong(file: Path, line: int, what: str) -> DlkataError:
    return DlkataError(
        _("{file}:{line}: {what}.", file=file, line=line, what=what),
        _("CONTRIBUTING.md shows how a question is written."),
    )
