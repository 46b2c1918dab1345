"""Everything there is in one list: paths, concepts, questions that were met, katas; searched in both languages, filtered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from dlkata.content.kata import Kata
from dlkata.content.library import Library
from dlkata.content.search import squeezed
from dlkata.content.wording import wordings
from dlkata.locale import LANGUAGES, language
from dlkata.progress.remarks import Remark
from dlkata.study.mastery import Mark, Mastery
from dlkata.study.next_step import Standing, Status


class Sort(StrEnum):
    KATA = "kata"
    CONCEPT = "concept"
    QUESTION = "question"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Entry:
    sort: Sort
    name: str  # as the library knows it
    titles: tuple[str, ...]  # by language; of a question, the beginning of what it asks
    topic: str
    mark: Mark
    head: str  # name and titles, squeezed: what is found here comes first
    text: str  # all that it says, squeezed
    level: int = 0  # 0 where it has none
    minutes: int = 0
    status: str = ""  # of a kata

    @property
    def key(self) -> str:
        return f"{self.sort}:{self.name}"

    @property
    def typed(self) -> str:
        return self.name.replace("_", "-")

    @property
    def title(self) -> str:
        return self.titles[LANGUAGES.index(language())]


@dataclass(frozen=True)
class Wish:
    """What is asked for. Words are looked for wherever one stands; all of them have to be there."""

    words: str = ""
    sort: Sort | None = None
    topic: str | None = None
    level: int | None = None
    mark: Mark | None = None
    bookmarked: bool = False


NOTHING = Remark()
NO_TOPIC = ""  # of a path: it leads through several
MOST_RANKED = 1000  # that say the words; among more nobody looks for the one that says them most often


@dataclass
class Catalogue:
    entries: Sequence[
        Entry
    ]  # in learning order: topic by topic, in each what explains, then what asks, then katas
    remarks: dict[str, Remark] = field(default_factory=dict)

    def remark(self, entry: Entry) -> Remark:
        return self.remarks.get(entry.key, NOTHING)

    def find(self, wish: Wish) -> list[Entry]:
        """What fits: titles that have the words first, then what says them. Called on every key that is typed."""
        found: Sequence[Entry] = self.entries
        if wish.sort is not None:
            found = [e for e in found if e.sort is wish.sort]
        if wish.topic is not None:
            found = [e for e in found if e.topic == wish.topic]
        if wish.level is not None:
            found = [e for e in found if e.level == wish.level]
        if wish.mark is not None:
            found = [e for e in found if e.mark is wish.mark]
        if wish.bookmarked:
            found = [e for e in found if self.remark(e).bookmarked]
        words = [word for typed in wish.words.split() if (word := squeezed(typed))]
        if not words:
            return list(found)
        notes = {key: squeezed(remark.note) for key, remark in self.remarks.items() if remark.note}
        for word in words:
            noted = {key for key, note in notes.items() if word in note}
            if noted:
                found = [e for e in found if word in e.text or word in e.head or e.key in noted]
            else:
                found = [e for e in found if word in e.text or word in e.head]
        together = "".join(words)
        titled: list[Entry] = []
        said: list[Entry] = []
        for entry in found:
            head = entry.head
            first = together in head or all([word in head for word in words])
            (titled if first else said).append(entry)
        if len(titled) <= MOST_RANKED:
            titled.sort(key=lambda entry: not _is_called(entry, together))
        if len(said) <= MOST_RANKED:
            said.sort(key=lambda entry: -sum([entry.text.count(word) for word in words]))
        return titled + said


def _is_called(entry: Entry, words: str) -> bool:
    """Whether they are its name or one of its titles."""
    return any([squeezed(name) == words for name in (entry.name, *entry.titles)])


def catalogue(
    library: Library,
    standing: Standing,
    known: Mastery,
    remarks: Mapping[str, Remark],
    cache: Path | None,
) -> Catalogue:
    places = {topic.name: place for place, topic in enumerate(library.topics)}
    places[NO_TOPIC] = -1
    entries = [
        *_paths(library, known),
        *_concepts_and_questions(library, known, cache),
        *kata_entries(library, standing, known),
    ]
    entries.sort(key=lambda entry: places.get(entry.topic, len(places)))  # each topic's stay in their order
    return Catalogue(entries, dict(remarks))


def _paths(library: Library, known: Mastery) -> Iterator[Entry]:
    for path in library.paths:
        marks = {known.concept(name).mark for name in path.concepts} | {
            known.kata(name) for name in path.katas
        }
        mark = marks.pop() if len(marks) == 1 else Mark.LEARNING
        titles = tuple(path.sections[lang].title for lang in LANGUAGES)
        said = squeezed(" ".join(path.sections[lang].body for lang in LANGUAGES))
        yield Entry(
            Sort.PATH, path.name, titles, NO_TOPIC, mark, squeezed(" ".join([path.name, *titles])), said
        )


def things_renamed(library: Library) -> list[tuple[str, str]]:
    """Old and new keys of questions that had other names."""
    return [(f"{Sort.QUESTION}:{old}", f"{Sort.QUESTION}:{new}") for old, new in library.index.renamed()]


def _concepts_and_questions(library: Library, known: Mastery, cache: Path | None) -> Iterator[Entry]:
    pages = wordings(library.index, cache)
    for concept in sorted(library.index.concepts.values(), key=lambda c: (c.order, c.name)):
        page = pages.get(concept.name)
        if page is None:
            continue
        head = squeezed(" ".join([concept.name, *concept.titles]))
        mark = known.of_concept(concept).mark
        yield Entry(Sort.CONCEPT, concept.name, concept.titles, concept.topic, mark, head, page.said)
        for question in concept.questions:
            name = f"{concept.name}.{question.stem}"
            asks = page.asks.get(question.stem)
            if asks is None or name not in known.cards:
                continue  # what was not met yet would be spoiled
            mark = known.question(name)
            yield Entry(
                Sort.QUESTION,
                name,
                asks.lines,
                concept.topic,
                mark,
                squeezed(name),
                asks.sought,
                question.level,
            )


def kata_entries(library: Library, standing: Standing, known: Mastery) -> Iterator[Entry]:
    for kata in library.katas:
        status = standing.status(kata)
        mark = known.kata(kata.name, begun=status is not Status.NEW)
        yield Entry(
            Sort.KATA, kata.name, tuple(kata.statement[lang].title for lang in LANGUAGES), kata.head.topic, mark,
            squeezed(" ".join([kata.name, *(kata.statement[lang].title for lang in LANGUAGES)])), _said(kata),
            kata.head.level, kata.head.minutes, status.value,
        )  # fmt: skip


def _said(kata: Kata) -> str:
    return squeezed(" ".join(kata.statement[lang].body for lang in LANGUAGES))
