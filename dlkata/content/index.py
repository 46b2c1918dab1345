"""What there is to ask, without reading every page: heads of questions, kept in the cache while files stand still.

The files decide. Each one's time and size are looked at every time, and what has changed is read again.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from dlkata.content.concept import Concept, ConceptHead, read_concept
from dlkata.content.question import Kind, QuestionHead
from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES

VERSION = 1
Cached = TypeVar("Cached")


class QuestionEntry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    stem: str
    kind: Kind
    level: int
    was: tuple[str, ...] = ()


class ConceptEntry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One file as it was when it was read; a page that cannot be read has an error and no questions."""

    name: str
    topic: str
    file: str
    changed: int  # nanoseconds
    size: int
    order: int = 0
    after: tuple[str, ...] = ()
    kata: str = ""
    titles: tuple[str, ...] = ()
    questions: tuple[QuestionEntry, ...] = ()
    error: str = ""

    def ids(self) -> Iterator[str]:
        for question in self.questions:
            yield f"{self.name}.{question.stem}"


class _Cached(msgspec.Struct, array_like=True):
    version: int
    concepts: list[ConceptEntry]


@dataclass(frozen=True)
class Index:
    concepts: dict[str, ConceptEntry]  # by name
    read: int = 0  # pages that had to be read for it
    problems: list[str] = field(default_factory=list)

    def where(self, question: str) -> tuple[ConceptEntry, QuestionEntry] | None:
        """The entry of a question's id, or None where there is no such question."""
        concept, _dot, stem = question.rpartition(".")
        entry = self.concepts.get(concept)
        found = next((q for q in entry.questions if q.stem == stem), None) if entry else None
        return (entry, found) if entry and found else None

    def renamed(self) -> Iterator[tuple[str, str]]:
        """Old and new ids of questions that had other names."""
        for entry in self.concepts.values():
            for question in entry.questions:
                for old in question.was:
                    yield f"{entry.name}.{old}", f"{entry.name}.{question.stem}"


def build_index(roots: Sequence[tuple[Path, str]], cache: Path | None) -> Index:
    """`roots` are folders with a prefix for names; `cache` is a file, or None to keep nothing."""
    cached = read_cache(cache, _Cached)
    known = {entry.file: entry for entry in cached.concepts if cached.version == VERSION} if cached else {}
    entries: list[ConceptEntry] = []
    read = 0
    for root, prefix in roots:
        for file, changed, size in _pages(root / "questions"):
            entry = known.get(file)
            if entry is None or (entry.changed, entry.size) != (changed, size) or entry.error:
                entry = _entry(Path(file), prefix, changed, size)
                read += 1
            entries.append(entry)
    if cache is not None and (read or len(entries) != len(known)):
        write_cache(cache, msgspec.msgpack.encode(_Cached(VERSION, entries)))
    concepts: dict[str, ConceptEntry] = {}
    for entry in entries:
        concepts.setdefault(entry.name, entry)
    return Index(concepts, read, [entry.error for entry in entries if entry.error])


def _pages(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Every concept's file with its time and size, in order of name."""
    try:
        topics = sorted(entry.path for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return
    for topic in topics:
        for entry in sorted(os.scandir(topic), key=lambda entry: entry.name):
            if entry.name.endswith(".md") and entry.name != "README.md":
                status = entry.stat()
                yield entry.path, status.st_mtime_ns, status.st_size


def _entry(file: Path, prefix: str, changed: int, size: int) -> ConceptEntry:
    name, topic = prefix + file.stem, file.parent.name
    try:
        concept = read_concept(file, prefix)
        questions = tuple(_question_entries(concept))
    except DlkataError as error:
        return ConceptEntry(name, topic, str(file), changed, size, error=f"{error.message} {error.remedy}")
    head: ConceptHead = concept.head
    titles = tuple(concept.explanation[lang].title for lang in LANGUAGES)
    return ConceptEntry(
        name, topic, str(file), changed, size, head.order, tuple(head.after), head.kata, titles, questions
    )


def _question_entries(concept: Concept) -> Iterator[QuestionEntry]:
    for part in concept.question_parts:
        head = concept.page.head(part, QuestionHead)
        yield QuestionEntry(head.question, head.kind, head.level, tuple(head.was))


def read_cache(cache: Path | None, kind: type[Cached]) -> Cached | None:
    """What was written there; None where that is nothing, or nothing that can be read."""
    if cache is None:
        return None
    try:
        return msgspec.msgpack.decode(cache.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None


def write_cache(cache: Path, content: bytes) -> None:
    """Written beside and renamed; a cache that cannot be written is done without."""
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=cache.parent, prefix=".index")
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        os.replace(beside, cache)
    except OSError:
        pass
