"""What is known of each question, concept, topic and kata: new, learning, known.

One query reads every card; everything else is arithmetic on them, so that lists can mark thousands of rows.

    known = mastery(app.library, record, day)      # `App.mastery()` does this for commands
    known.question("sqrt_dk.variance")             # → Mark
    known.concept("sqrt_dk")                       # → Known(mark, share, seen, of)
    known.topic("attention"), known.everything()   # → Known, over the concepts of a topic, or over all
    known.kata("attention", begun=True)            # → Mark

A question's *strength* is the chance to know it today, by the forgetting curve, times how far it has settled: one
right answer settles it by a third, two on different days nearly always in full. What was answered once only, was
missed, or lies long overdue is worth less; what was never asked is worth nothing.

A concept is known when two of its questions are, and two thirds of those that were met (a kata that practises it is
one of them): who has ten days will never meet all. `share` goes by all its questions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from dlkata.content.index import ConceptEntry
from dlkata.content.kata import Kata
from dlkata.content.library import Library
from dlkata.errors import DlkataError
from dlkata.progress.answers import KATA, Answers, Card
from dlkata.progress.record import Record
from dlkata.study.scheduler import recall

SETTLED = 7.0  # days a question lasts (at nine chances in ten) from which it counts as settled
KATA_SETTLED = 2.0  # of a kata: nobody passes one by guessing
FADED = 0.8  # below this chance what was known is being learned again
KATA_FADED = 0.7
KNOWN = 0.6  # of a concept's questions, by strength, or of a topic's concepts
FEWEST, KNOWN_OF_MET = 2, 2 / 3  # or so many known ones, and this share of those that were met
KATA_WEIGHT = 2  # questions for which a kata counts that practises the concept


class Mark(StrEnum):
    NEW = "new"
    LEARNING = "learning"
    KNOWN = "known"


@dataclass(frozen=True)
class Known:
    """What is known of several questions or concepts."""

    mark: Mark
    share: float  # 0 to 1
    seen: int  # questions met
    of: int  # questions there are


@dataclass(frozen=True)
class Mastery:
    library: Library
    cards: Mapping[str, Card]
    day: int

    # -- by name

    def question(self, name: str) -> Mark:
        card = self.cards.get(name)
        return Mark.NEW if card is None else self._mark(card, SETTLED, FADED)

    def concept(self, name: str) -> Known:
        """Of its questions; a kata that practises it can only add to them."""
        entry = self.library.index.concepts.get(name)
        return Known(Mark.NEW, 0.0, 0, 0) if entry is None else self.of_concept(entry)

    def topic(self, name: str) -> Known:
        return self._together(e for e in self.library.index.concepts.values() if e.topic == name)

    def everything(self) -> Known:
        return self._together(self.library.index.concepts.values())

    def kata(self, name: str, *, begun: bool = False) -> Mark:
        """`begun`: there is an attempt that is more than its stub."""
        card = self.cards.get(KATA + name)
        if card is None:
            return Mark.LEARNING if begun else Mark.NEW
        return self._mark(card, KATA_SETTLED, KATA_FADED)

    # -- numbers

    def chance(self, name: str) -> float:
        """The chance to know it today; 0 for what was never asked."""
        card = self.cards.get(name)
        return 0.0 if card is None else recall(card.stability, self.day - card.last)

    def strength(self, name: str) -> float:
        """0 to 1: the chance to know it today, times how far it has settled."""
        card = self.cards.get(name)
        return 0.0 if card is None else self.chance(name) * min(1.0, card.stability / _settled(name))

    def of_concept(self, entry: ConceptEntry) -> Known:
        ids = list(entry.ids())
        seen = sum(name in self.cards for name in ids)
        total = sum(map(self.strength, ids))
        share = total / len(ids) if ids else 0.0
        proved = max(map(self.strength, self._proofs.get(entry.name, ())), default=0.0)
        if proved:
            share = max(share, (total + KATA_WEIGHT * proved) / (len(ids) + KATA_WEIGHT))
        if share < KNOWN and self._shown(entry, ids):
            return Known(Mark.KNOWN, share, seen, len(ids))
        return Known(_mark_of(share, begun=bool(seen) or share > 0), share, seen, len(ids))

    def _shown(self, entry: ConceptEntry, ids: Sequence[str]) -> bool:
        """Whether what was met of it is known well enough to speak for the rest."""
        marks = [self.question(name) for name in ids if name in self.cards]
        marks += [self.kata(name.removeprefix(KATA)) for name in self._proofs.get(entry.name, ())]
        known = marks.count(Mark.KNOWN)
        return known >= FEWEST and known >= KNOWN_OF_MET * len(marks)

    # --

    @cached_property
    def _proofs(self) -> Mapping[str, Sequence[str]]:
        """The cards of katas by the concepts that they practise. Pages are read only once a kata was passed."""
        found: dict[str, list[str]] = {}
        try:
            passed = [k for k in self.library.katas if KATA + k.name in self.cards] if self._any_kata else []
        except DlkataError:
            return found  # whoever needs the katas will say what is wrong with them
        for kata in passed:
            for concept in practised_by(kata, self.library):
                found.setdefault(concept.name, []).append(KATA + kata.name)
        return found

    @property
    def _any_kata(self) -> bool:
        return any(name.startswith(KATA) for name in self.cards)

    def _mark(self, card: Card, settled: float, faded: float) -> Mark:
        firm = card.stability >= settled and self.chance(card.id) >= faded
        return Mark.KNOWN if firm else Mark.LEARNING

    def _together(self, entries: Iterable[ConceptEntry]) -> Known:
        each = [self.of_concept(entry) for entry in entries if entry.questions]
        share = sum(one.share for one in each) / len(each) if each else 0.0
        seen = sum(one.seen for one in each)
        return Known(_mark_of(share, begun=share > 0), share, seen, sum(one.of for one in each))


def mastery(library: Library, record: Record | None, day: int) -> Mastery:
    """As of a study day. Without a record everything is new."""
    return Mastery(library, Answers(record).cards() if record is not None else {}, day)


def practised_by(kata: Kata, library: Library) -> list[ConceptEntry]:
    """The concepts that the kata's page names, then those whose pages name the kata."""
    entries = library.index.concepts
    prefix = kata.name.removesuffix(kata.stem)
    named = [name for stem in kata.head.concepts for name in (prefix + stem, stem) if name in entries]
    named += [entry.name for entry in entries.values() if entry.kata == kata.name]
    return [entries[name] for name in dict.fromkeys(named)]


def _settled(name: str) -> float:
    return KATA_SETTLED if name.startswith(KATA) else SETTLED


def _mark_of(share: float, *, begun: bool) -> Mark:
    if share >= KNOWN:
        return Mark.KNOWN
    return Mark.LEARNING if begun else Mark.NEW
