"""A question as it is asked: with its numbers, its options in an order of chance, and how an answer is read."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Any

from dlkata.content.question import Kind, Question, as_number, same_number

LETTERS = "abcdef"
LISTED = (Kind.CHOICE, Kind.MULTI, Kind.PREDICT, Kind.ORDER, Kind.BUG)
ONE = (Kind.CHOICE, Kind.PREDICT, Kind.BUG)


@dataclass(frozen=True)
class Given:
    """An answer that was understood: the options it means, in the order of the page."""

    chosen: tuple[int, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Asked:
    question: Question  # filled
    seed: int
    shown: tuple[int, ...] = ()  # which option stands at each letter
    values: dict[str, Any] = field(default_factory=dict)

    def letter(self, option: int) -> str:
        return LETTERS[self.shown.index(option)]

    @property
    def letters(self) -> str:
        return LETTERS[: len(self.shown)]

    def read(self, typed: str) -> Given | None:
        """What was typed, or None where it makes no sense here."""
        kind = self.question.kind
        if kind is Kind.RECALL:
            return Given(text=typed.strip()) if typed.strip() else None
        text = unicodedata.normalize("NFKC", typed).strip().lower()
        if kind is Kind.NUMBER:
            return self._read_number(text)
        chosen = self._read_letters(text)
        if not chosen or len(set(chosen)) < len(chosen):
            return None
        if kind in ONE and len(chosen) != 1:
            return None
        if kind is Kind.ORDER and len(chosen) != len(self.shown):
            return None
        return Given(tuple(chosen), typed.strip())

    def _read_letters(self, text: str) -> list[int] | None:
        """`a c`, `ac`, `1 3`, `a,c`: the options, or None."""
        parts = [part for part in re.split(r"[\s,;、>]+", text) if part]
        if len(parts) == 1 and len(parts[0]) > 1:
            parts = list(parts[0])
        chosen = []
        for part in parts:
            place = LETTERS.find(part) if part.isalpha() and len(part) == 1 else int(part) - 1 if part.isascii() and part.isdigit() else -1  # fmt: skip
            if not 0 <= place < len(self.shown):
                return None
            chosen.append(self.shown[place])
        return chosen

    def _read_number(self, text: str) -> Given | None:
        unit = unicodedata.normalize("NFKC", self.question.head.unit).lower()
        text = text.replace("_", "").replace(" ", "").replace("−", "-")
        if unit and text.endswith(unit.replace(" ", "")):
            text = text[: -len(unit.replace(" ", ""))]
        value = _fraction(text)
        if value is None:
            return None
        tolerance = self.question.head.tolerance
        for number, option in enumerate(self.question.options):
            listed = as_number(option.text)
            if listed is not None and same_number(value, listed, tolerance):
                return Given((number,), text)
        return Given((), text)

    def right(self, given: Given) -> bool:
        if self.question.kind is Kind.ORDER:
            return list(given.chosen) == list(range(len(self.question.options)))
        return set(given.chosen) == set(self.question.right)


def _fraction(text: str) -> float | None:
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")  # 1,048,576
    above, slash, below = text.partition("/")
    if not slash:
        return as_number(text)
    one, other = as_number(above), as_number(below)
    return None if one is None or not other else one / other


def ask(question: Question, seed: int, values: dict[str, Any] | None = None) -> Asked:
    """The question with its numbers and shuffled options; the same seed asks the same."""
    filled = question.filled(values) if values else question
    return Asked(filled, seed, _shuffled(filled, Random(seed)), values or {})


def _shuffled(question: Question, rng: Random) -> tuple[int, ...]:
    if question.kind not in LISTED:
        return ()
    places = list(range(len(question.options)))
    rng.shuffle(places)
    if question.kind is Kind.ORDER and places == sorted(places):
        places = places[1:] + places[:1]  # the right order must not be given away
    return tuple(places)


def seed_of(session: int, question: str) -> int:
    """A question's own seed within a session."""
    return int.from_bytes(sha256(f"{session} {question}".encode()).digest()[:4])


def letters_of(asked: Asked, options: Sequence[int]) -> str:
    return " ".join(asked.letter(option) for option in options)
