"""A concept: its explanation and all its questions, on one page; beside it the code that proves them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from dlkata.content.page import Page, Part, Section, read_page, read_text
from dlkata.content.question import Question, read_question
from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES, _, language

KNOB = re.compile(r"^def experiment\(off=False\)", re.MULTILINE)
FUNCTION = re.compile(r"^def (\w+)\(", re.MULTILINE)
QUESTION_HEAD = re.compile(r"^question\s*=", re.MULTILINE)


class ConceptHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    order: int
    after: list[str] = []
    kata: str = ""


@dataclass(frozen=True)
class Concept:
    name: str  # the stem, with the pack's name before it: `pack/sqrt_dk`
    topic: str
    file: Path
    head: ConceptHead
    explanation: dict[str, Section]
    page: Page

    @property
    def stem(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def typed(self) -> str:
        """The name as a learner types it."""
        return self.name.replace("_", "-")

    @property
    def section(self) -> Section:
        return self.explanation[language()]

    @property
    def title(self) -> str:
        return self.section.title

    @property
    def code_file(self) -> Path:
        return self.file.with_suffix(".py")

    @cached_property
    def functions(self) -> set[str]:
        """The names of the functions beside the page, read without running anything."""
        return set(FUNCTION.findall(read_text(self.code_file))) if self.code_file.exists() else set()

    @property
    def has_experiment(self) -> bool:
        return "experiment" in self.functions

    @property
    def has_knob(self) -> bool:
        """Whether its experiment can also run with what makes the effect turned off."""
        return bool(KNOB.search(read_text(self.code_file))) if self.has_experiment else False

    @property
    def question_parts(self) -> Sequence[Part]:
        return self.page.parts[1:]

    def read(self, part: Part) -> Question:
        return read_question(self.page, part, self.name, self.topic, self.functions)

    @cached_property
    def questions(self) -> list[Question]:
        return [self.read(part) for part in self.question_parts]

    def question(self, stem: str) -> Question:
        for part in self.question_parts:
            if re.search(rf"^question\s*=\s*['\"]{stem}['\"]", part.head, re.MULTILINE):
                return self.read(part)
        raise DlkataError(
            _("{file} holds no question `{name}`.", file=self.file, name=stem),
            _("Write it, or fix the name."),
        )


def read_concept(file: Path, prefix: str = "") -> Concept:
    page = read_page(file)
    part = page.parts[0] if page.parts else Part()
    if not part.head or QUESTION_HEAD.search(part.head):
        raise DlkataError(
            _("{file}: a concept's page begins with the concept's own head.", file=file),
            _("Begin it with `+++`, the fields, `+++`."),
        )
    for lang in LANGUAGES:
        if lang not in part.sections or not part.sections[lang].title:
            raise DlkataError(
                _("{file}: no section `# {lang}: …` with a title.", file=file, lang=lang),
                _("Explain the concept in both languages."),
            )
    return Concept(
        prefix + file.stem, file.parent.name, file, page.head(part, ConceptHead), part.sections, page
    )


def concept_files(root: Path) -> Iterator[Path]:
    """Every concept's page below `root`, topic by topic."""
    for file in sorted((root / "questions").glob("*/*.md")):
        if file.stem != "README":
            yield file
