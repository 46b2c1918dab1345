"""What spoils a kata: its hints, notes, follow-up questions and known bugs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from dlkata.content.page import decode_toml, read_text
from dlkata.errors import DlkataError
from dlkata.locale import _, language

Text = Annotated[str, Meta(min_length=1)]


class Bilingual(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    en: Text
    zh: Text

    @property
    def text(self) -> str:
        return self.zh if language() == "zh" else self.en


class Note(Bilingual, frozen=True, kw_only=True):
    line: Text  # occurs on exactly one line of the reference


class FollowUp(Bilingual, frozen=True, kw_only=True):
    answer_en: Text
    answer_zh: Text

    @property
    def answer(self) -> str:
        return self.answer_zh if language() == "zh" else self.answer_en


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    find: Text
    becomes: str


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mistake as an edit of the reference, in one place or in several."""

    find: str = ""
    becomes: str = ""
    edits: list[Edit] = []

    @property
    def patches(self) -> list[Edit]:
        return [*([Edit(self.find, self.becomes)] if self.find else []), *self.edits]

    def apply(self, reference: str, name: str) -> str:
        """The edited reference. An edit that does not apply exactly once is a mistake of the content."""
        for edit in self.patches:
            times = reference.count(edit.find)
            if times != 1:
                raise DlkataError(
                    _("Bug `{name}`: `{find}` occurs {times} times.", name=name, find=edit.find, times=times),
                    _("Choose text that occurs exactly once in the reference."),
                )
            reference = reference.replace(edit.find, edit.becomes)
        return reference


class Bug(Bilingual, frozen=True, kw_only=True):
    """A mistake learners make, as an edit of the reference; `also` holds its further spellings."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    find: str = ""
    becomes: str = ""
    edits: list[Edit] = []
    also: list[Variant] = []

    @property
    def spellings(self) -> list[Variant]:
        """The main one first."""
        return [Variant(find=self.find, becomes=self.becomes, edits=self.edits), *self.also]

    @property
    def patches(self) -> list[Edit]:
        """Of the main spelling."""
        return self.spellings[0].patches

    def apply(self, reference: str) -> str:
        """The reference with this bug, in its main spelling."""
        return self.spellings[0].apply(reference, self.name)

    def variants(self, reference: str) -> list[str]:
        """The reference with this bug, in every spelling, the main one first."""
        return [spelling.apply(reference, self.name) for spelling in self.spellings]


@dataclass(frozen=True)
class Spelling:
    """One way of making a known mistake."""

    bug: str
    label: str
    variant: Variant

    def apply(self, reference: str) -> str:
        return self.variant.apply(reference, self.bug)


def spellings_of(bugs: Sequence["Bug"]) -> list[Spelling]:
    return [
        Spelling(bug.name, f"{bug.name}:{number}", variant)
        for bug in bugs
        for number, variant in enumerate(bug.spellings)
    ]


class Equivalent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mutant of the reference that is right too: no test could reject it. For authors alone."""

    line: Text  # of the reference: a whole statement, or text that occurs on exactly one line
    becomes: Text
    why: Text
    within: str = ""  # the function ("Adam.step"), where the line occurs in several


class Solution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hints: list[Bilingual]
    bugs: list[Bug]
    notes: list[Note] = []
    follow_ups: list[FollowUp] = []
    equivalents: list[Equivalent] = []


def read_solution(file: Path) -> Solution:
    return decode_toml(read_text(file), Solution, file)
