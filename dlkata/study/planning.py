"""Plans the days to a date: what is due is reserved first, then katas and new questions share what is left.

Nothing of a plan is kept but its aim: every day, and after every answer, it is made anew from what was really done.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import NamedTuple

from dlkata.progress.answers import KATA, Card
from dlkata.study.scheduler import allowed_seconds, recall
from dlkata.study.selection import Item
from dlkata.study.worth import Scope, ranked

READING = 15  # seconds for what is said about an answer
AGAIN = 0.5  # of a kata's minutes, when it is written once more
MOCK, MOCK_SHARE = 45, 0.5  # minutes of the last day, and how much of it at most
LEAST_MOCK = 5  # minutes
KATA_SHARE = (0.3, 0.6)  # of a day: at least, at most
FULL = 0.9  # of a day to come, which what is learned today may fill with reviews
LEAST_TO_GO = 0.25  # of a kata that has taken all its minutes and is not passed
STRETCH = 1.4  # a kata is begun and ended on one day, if that takes no more than this much of its share
SLACK = 0.07  # of a day, that it may take longer, so that a kata is done with
LEAST_PART = 10  # minutes: less of a kata is not worth sitting down to
LEAST_REST = 2  # minutes of a day, to be filled
NEW_OF_ALL = 0.6  # of the time for questions, before reviews are known: the rest goes to coming back to them
FIRM = 0.95  # the chance at the date, below which a question is refreshed
TOGETHER = 4  # concepts that are learned side by side


@dataclass(frozen=True)
class Speed:
    """The learner's own pace."""

    new: float = 0.7  # of the seconds that a question is allowed
    review: float = 0.45
    kata: float = 1.0  # of the minutes on its page
    knows: float = 0.6  # chance to answer a new question right

    def minutes(self, item: Item, *, new: bool) -> float:
        return (allowed_seconds(item.kind, item.level) * (self.new if new else self.review) + READING) / 60


@dataclass
class State:
    """Where the learner stands. A forecast goes on from here."""

    cards: dict[str, Card]
    solved: set[str]
    worked: dict[str, float] = field(default_factory=dict)  # minutes, of katas that are begun


@dataclass(frozen=True)
class Spent:
    """Minutes of the day that are gone."""

    reviews: float = 0.0
    new: float = 0.0
    katas: float = 0.0
    mock: float = 0.0

    @property
    def total(self) -> float:
        return self.reviews + self.new + self.katas + self.mock


NOTHING = Spent()


class Part(NamedTuple):
    """A kata, or as much of it as the day holds."""

    kata: str
    minutes: int
    of: int
    again: bool = False
    begun: bool = False
    done: bool = True  # whether it is done with then


@dataclass(frozen=True)
class Day:
    """What a day holds, or still holds."""

    day: int
    reviews: Sequence[str] = ()  # due
    katas: Sequence[Part] = ()
    new: Sequence[str] = ()
    refresh: Sequence[str] = ()  # not due, but weak at the date
    mock: int = 0  # minutes
    waiting: int = 0  # due, but beyond what the day holds
    minutes: float = 0.0


@dataclass(frozen=True)
class Planner:
    scope: Scope
    item: Callable[[str], Item | None]  # what can be asked, by its id
    pages: Mapping[str, int]  # minutes of every kata there is
    until: int
    minutes: int  # a day
    speed: Speed = Speed()

    def day(self, state: State, day: int, spent: Spent = NOTHING) -> Day:
        """What is (still) to be done on a day."""
        left = max(0.0, self.minutes - spent.total)
        due = self._due(state, day)
        mock = self._mock(day, spent, left, self._cost(due, new=False))
        reviews = list(self._fitting(due, left - mock, new=False))
        reviewing = self._cost(reviews, new=False)
        left -= mock + reviewing
        last = day == self.until - 1
        share = self._kata_share(state)
        coding = left if last else min(left, self._coding(day, share) - spent.katas)
        katas = list(self._katas(state, day, coding, left, only_again=last))
        rest = left - sum(part.minutes for part in katas)
        refresh = list(self._fitting(self._weak(state, day, reviews), rest, new=False)) if last else []
        rest -= self._cost(refresh, new=False)
        bearable = self._bearable(state, day) if len(reviews) == len(due) else 0
        fresh = list(self._fitting(self._new(state, day, share), rest, new=True))[:bearable]
        rest -= self._cost(fresh, new=True)
        if not last and rest >= LEAST_REST:  # the days to come can bear no more new ones, or there are none
            coding += rest
            left -= self._cost(fresh, new=True)
            katas = list(self._katas(state, day, coding, left, only_again=False))
            rest = left - sum(part.minutes for part in katas)
            refresh = list(self._fitting(self._weak(state, day, reviews), rest, new=False))
            rest -= self._cost(refresh, new=False)
        left = rest
        planned = max(0.0, self.minutes - spent.total) - left
        return Day(day, reviews, katas, fresh, refresh, mock, len(due) - len(reviews), round(planned, 1))

    # -- parts of a day

    def _mock(self, day: int, spent: Spent = NOTHING, left: float = inf, due: float = 0.0) -> int:
        """Only the last day has one; where much is due it is a shorter one."""
        if day != self.until - 1 or spent.mock:
            return 0
        usual = min(MOCK, MOCK_SHARE * self.minutes)
        minutes = int(min(usual, left, max(usual / 2, left - due)))
        return minutes if minutes >= LEAST_MOCK else 0

    def _due(self, state: State, day: int) -> list[str]:
        """The longest overdue first, as a session asks them."""
        cards = [c for c in state.cards.values() if c.due <= day or c.last > day + 1]
        return [card.id for card in sorted(cards, key=lambda c: (c.due, c.id)) if self.item(card.id)]

    def _weak(self, state: State, day: int, without: Sequence[str]) -> list[str]:
        """What will be weakest at the date, and was not answered today."""
        reviewed = set(without)
        cards = [c for c in state.cards.values() if c.last < day and c.id not in reviewed]
        chances = {card.id: recall(card.stability, self.until - card.last) for card in cards}
        weak = sorted((name for name, chance in chances.items() if chance < FIRM), key=chances.__getitem__)
        return [name for name in weak if self.item(name)]

    def _kata_share(self, state: State) -> float:
        """Of a day; by what there is left to do of katas and of questions."""
        katas = sum(self.kata_minutes(k.name) for k in self.scope.katas if k.name not in state.solved)
        unseen = [name for name in self._ids() if name not in state.cards]
        questions = self._cost(unseen, new=True) / NEW_OF_ALL
        if not unseen:
            return 1.0
        least, most = KATA_SHARE
        return min(most, max(least, katas / (katas + questions))) if katas else 0.0

    def _coding(self, day: int, share: float) -> float:
        """Minutes for katas. Where a day has few, katas and questions take turns."""
        if share * self.minutes < LEAST_PART:
            share = float(share > 0 and day % 2)
        return share * self.minutes

    def _katas(
        self, state: State, day: int, share: float, left: float, *, only_again: bool
    ) -> Iterator[Part]:
        """What is begun, what is to be written again, what is new; a long one in parts."""
        for name, again in self._kata_order(state, day):
            if only_again and not again:
                continue
            whole = self.kata_minutes(name) * (AGAIN if again else 1)
            rest = max(LEAST_TO_GO * whole, whole - state.worked.get(name, 0.0))
            if rest <= STRETCH * share and rest <= left + SLACK * self.minutes:
                minutes = rest
            elif share >= min(LEAST_PART, self.minutes / 2) and not again:
                minutes = min(share, left)
            else:
                continue
            if minutes < 1:
                return
            yield Part(name, round(minutes), round(whole), again, name in state.worked, minutes == rest)
            share, left = share - minutes, left - minutes
            if share < LEAST_PART:
                return

    def _kata_order(self, state: State, day: int) -> Iterator[tuple[str, bool]]:
        names = [kata.name for kata in self.scope.katas if kata.name not in state.solved]
        soon = day + (day == self.until - 2)  # the last day has a mock, and little room besides
        due = [c for c in state.cards.values() if c.id.startswith(KATA) and c.due <= soon]
        due = [c for c in due if c.id.removeprefix(KATA) in self.pages]
        due.sort(key=lambda c: (c.due, c.id))
        yield from ((name, False) for name in names if name in state.worked)
        yield from ((c.id.removeprefix(KATA), True) for c in due)
        yield from ((name, False) for name in names if name not in state.worked)

    def kata_minutes(self, name: str) -> float:
        """0 for one that is gone."""
        return self.pages.get(name, 0) * self.speed.kata

    def _new(self, state: State, day: int, share: float) -> list[str]:
        """Of each concept as many as fit before the date, those first that an interviewer asks first; then in the
        order of the path, a few concepts side by side."""
        days = max(1, self.until - day - (self.until - day > 1))
        room = days * self.minutes * (1 - share) * NEW_OF_ALL
        chosen, places = set(), {}
        rows = [ranked(concept) for concept in self.scope.concepts]
        for rank in range(max(map(len, rows), default=0)):
            for place, (concept, row) in enumerate(zip(self.scope.concepts, rows, strict=True)):
                name = f"{concept.name}.{row[rank].stem}" if rank < len(row) else ""
                if not name or name in state.cards:
                    continue
                places[name] = (place, concept.questions.index(row[rank]))
                if room > 0:
                    room -= self._cost([name], new=True)
                    chosen.add(name)
        in_order = sorted(places, key=lambda n: (places[n][0] // TOGETHER, places[n][1], places[n][0]))
        return [n for n in in_order if n in chosen] + [n for n in in_order if n not in chosen]

    def _bearable(self, state: State, day: int) -> int:
        """How many new questions the next days can bear: what is missed comes back tomorrow, the others a day later."""
        most = 10**6
        per_answer = (
            self.speed.review * 60 / 60 + READING / 60
        )  # minutes, of a question that is allowed a minute
        for ahead, chance in ((1, 1 - self.speed.knows), (2, self.speed.knows)):
            if day + ahead < self.until:
                coming = [
                    c.id for c in state.cards.values() if day < c.due <= day + ahead and self.item(c.id)
                ]
                room = FULL * (self.minutes - self._mock(day + ahead)) - self._cost(coming, new=False)
                most = min(most, int(max(0.0, room) / (chance * per_answer)))
        return most

    def _ids(self) -> Iterator[str]:
        for concept in self.scope.concepts:
            yield from concept.ids()

    # -- minutes

    @cached_property
    def _minutes(self) -> dict[tuple[str, bool], float]:
        return {}

    def _fitting(self, names: Sequence[str], room: float, *, new: bool) -> Iterator[str]:
        for name in names:
            room -= self._cost([name], new=new)
            if room < 0:
                return
            yield name

    def _cost(self, names: Sequence[str], *, new: bool) -> float:
        known = self._minutes
        for name in names:
            if (name, new) not in known:
                item = self.item(name)
                known[name, new] = self.speed.minutes(item, new=new) if item is not None else 0.0
        return sum(known[name, new] for name in names)
