"""Which questions a session asks: what is due, the longest overdue first, then new ones in learning order."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from random import Random
from typing import Any

from dlkata.content.index import ConceptEntry, Index
from dlkata.content.question import Kind
from dlkata.progress.answers import BUG, KATA, Card

NEW_PER_DAY, REVIEWS_PER_DAY, SESSION = 10, 40, 10
BUG_ROOM = 3  # new questions in a session before one of them is to spot a bug


class Only(StrEnum):
    """What a session is made of."""

    ALL = "all"
    DUE = "due"
    NEW = "new"


@dataclass(frozen=True)
class Wish:
    """What the learner asked for."""

    count: int = SESSION
    topics: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    level: int | None = None
    only: Only = Only.ALL
    exam: bool = False
    seed: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "count": self.count, "topics": list(self.topics), "concepts": list(self.concepts), "level": self.level,
            "only": self.only.value, "exam": self.exam, "seed": self.seed,
        }  # fmt: skip


@dataclass(frozen=True)
class Item:
    """What can be asked, as far as choosing needs to know it."""

    id: str
    topic: str
    concept: str
    level: int
    kind: Kind


@dataclass(frozen=True)
class Bank:
    """All there is to ask: the index, the order of topics, and the bugs of katas that are no secret any more.

    A kata's bugs are read only when one is wanted: there are many, and their files are long.
    """

    index: Index
    topics: Mapping[str, int]  # name → order
    bug: Callable[[str], Item | None] = lambda _name: None  # by its id
    new_bug: Callable[[Set[str]], Item | None] = lambda _known: None  # one that is not among these

    def item(self, name: str) -> Item | None:
        if name.startswith(BUG):
            return self.bug(name)
        found = self.index.where(name)
        if found is None:
            return None
        concept, question = found
        return Item(name, concept.topic, concept.name, question.level, question.kind)

    def concepts(self) -> list[ConceptEntry]:
        last = len(self.topics)
        return sorted(
            self.index.concepts.values(),
            key=lambda c: (self.topics.get(c.topic, 10**6 + last), c.topic, c.order, c.name),
        )


@dataclass(frozen=True)
class Allowance:
    """What today still has room for."""

    new: int = NEW_PER_DAY
    reviews: int = REVIEWS_PER_DAY


@dataclass
class Choice:
    """The ids to ask, and why there are not more."""

    ids: list[str] = field(default_factory=list)
    due: int = 0
    new: int = 0
    ahead: int = 0
    waiting: int = 0  # due, but beyond today's share
    limited: bool = False  # there are new ones, but not for today
    unscored: int = 0  # of an exam: in scope, but the learner would grade themselves
    empty: bool = False  # nothing in scope has any question


def choose(
    wish: Wish, bank: Bank, due: Iterable[Card], known: Set[str], allowance: Allowance, rng: Random,
    without: Set[str] = frozenset(), planned: Sequence[str] = (),
) -> Choice:  # fmt: skip
    """`known` are the ids that have a card; `without` are asked elsewhere just now; `planned` new ones come first."""
    due_items = _due(wish, bank, due, without) if wish.only is not Only.NEW else []
    share = min(len(due_items), allowance.reviews)
    if wish.exam:
        return _exam(wish, bank, due_items[:share], len(due_items) - share, known | without, rng)
    choice = Choice(waiting=len(due_items) - share, empty=_empty(wish, bank))
    asked = due_items[: min(share, wish.count)]
    choice.due = len(asked)
    choice.ids = [item.id for item in interleaved(asked)]
    if wish.only is not Only.DUE and len(choice.ids) < wish.count:
        explicit = bool(wish.concepts) or wish.only is Only.NEW
        room = wish.count - len(choice.ids)
        limit = room if explicit else min(room, allowance.new)
        taken = known | without | set(choice.ids)
        first = [
            item for item in map(bank.item, planned) if item and item.id not in taken and _wanted(item, wish)
        ]
        others = new_items(wish, bank, taken | {item.id for item in first})
        fresh = list(_first(chain(first, others), limit + 1))
        choice.limited = limit < room and len(fresh) > limit
        fresh = fresh[:limit]
        bug = bank.new_bug(taken) if limit > BUG_ROOM or (limit and not fresh) else None
        if bug is not None and _wanted(bug, wish):
            fresh = [*fresh[: limit - 1], bug]
        choice.new = len(fresh)
        choice.ids += [item.id for item in fresh]
        if wish.concepts and len(choice.ids) < wish.count and wish.only is Only.ALL:
            ahead = [i.id for i in in_scope(wish, bank) if i.id in known and i.id not in choice.ids]
            choice.ahead = len(ahead[: wish.count - len(choice.ids)])
            choice.ids += ahead[: choice.ahead]
    return choice


def _first(items: Iterator[Item], count: int) -> Iterator[Item]:
    for _number, item in zip(range(count), items, strict=False):
        yield item


def _wanted(item: Item, wish: Wish) -> bool:
    return (
        (not wish.topics or item.topic in wish.topics)
        and (not wish.concepts or item.concept in wish.concepts)
        and (wish.level is None or item.level == wish.level)
    )


def in_scope(wish: Wish, bank: Bank) -> Iterator[Item]:
    """All that was asked for, in learning order, whether it is due, new or neither."""
    for concept in bank.concepts():
        yield from _of_concept(concept, wish)


def _of_concept(concept: ConceptEntry, wish: Wish) -> Iterator[Item]:
    if (wish.topics and concept.topic not in wish.topics) or (
        wish.concepts and concept.name not in wish.concepts
    ):
        return
    for question in concept.questions:
        if wish.level is None or question.level == wish.level:
            yield Item(
                f"{concept.name}.{question.stem}", concept.topic, concept.name, question.level, question.kind
            )


def new_items(wish: Wish, bank: Bank, known: Set[str]) -> Iterator[Item]:
    """Questions not met yet: each topic in turn gives its next one, in learning order.

    A concept waits for those it builds on, and its second question for the first ones of other concepts: two in
    a row would give each other away.
    """
    met = {name.rpartition(".")[0] for name in known}
    asked: Counter[str] = Counter()
    topics: dict[str, list[tuple[ConceptEntry, list[Item]]]] = {}
    for concept in bank.concepts():
        if fresh := [item for item in _of_concept(concept, wish) if item.id not in known]:
            topics.setdefault(concept.topic, []).append((concept, fresh))

    def ready(concept: ConceptEntry) -> bool:
        return all(name in met or name not in bank.index.concepts for name in concept.after)

    while topics:
        waits = not any(ready(concept) for left in topics.values() for concept, _fresh in left)
        for topic, left in list(topics.items()):
            best = min(
                (n for n, (concept, _fresh) in enumerate(left) if waits or ready(concept)),
                key=lambda n, left=left: asked[left[n][0].name],  # type: ignore[misc]
                default=None,
            )
            if best is None:
                continue
            concept, fresh = left[best]
            yield fresh.pop(0)
            met.add(concept.name)
            asked[concept.name] += 1
            if not fresh:
                del left[best]
            if not left:
                del topics[topic]


def interleaved(items: Sequence[Item]) -> list[Item]:
    """The same items, neighbours of different topics and concepts as far as there are any; else as they stood."""
    rest, order = list(items), list[Item]()
    while rest:
        last = order[-1] if order else None
        best = min(
            range(len(rest)),
            key=lambda n: (
                0 if last is None else (rest[n].topic == last.topic) + (rest[n].concept == last.concept),
                n,
            ),
        )
        order.append(rest.pop(best))
    return order


def _due(wish: Wish, bank: Bank, due: Iterable[Card], without: Set[str]) -> list[Item]:
    """The questions among the cards that are due, the longest overdue first."""
    items = (bank.item(card.id) for card in due if not card.id.startswith(KATA))
    return [item for item in items if item and _wanted(item, wish) and item.id not in without]


def _exam(wish: Wish, bank: Bank, due: Sequence[Item], waiting: int, taken: Set[str], rng: Random) -> Choice:
    """Drawn by chance from what is in scope, or of it what is due or new; what the learner would grade themselves
    cannot be scored."""
    if wish.only is Only.DUE:
        items = list(due)
    else:
        items = [i for i in in_scope(wish, bank) if wish.only is Only.ALL or i.id not in taken]
        waiting = 0
    scored = [item for item in items if item.kind is not Kind.RECALL]
    drawn = rng.sample(scored, min(wish.count, len(scored)))
    choice = Choice([item.id for item in interleaved(drawn)], waiting=waiting, empty=_empty(wish, bank))
    choice.unscored = len(items) - len(scored)
    return choice


def _empty(wish: Wish, bank: Bank) -> bool:
    return next(in_scope(wish, bank), None) is None
