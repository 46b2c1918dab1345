"""Learners of clay: they have the memory that FSRS assumes, and do all of a plan, half of it, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from dlkata.content.library import Library
from dlkata.progress.answers import KATA
from dlkata.study.forecast import answer, work
from dlkata.study.opening import bank_of
from dlkata.study.planning import Day, Planner, Speed, Spent, State
from dlkata.study.scheduler import AGAIN, GOOD, HARD, recall
from dlkata.study.selection import Allowance, Wish, choose
from dlkata.study.worth import scope_of

LIBRARY = Library()
BANK = bank_of(LIBRARY, None, Random(0))
PAGES = {kata.name: kata.head.minutes for kata in LIBRARY.katas}
SPEED = Speed()
TODAY = 1000
KNOWS = 0.6  # a new question answered right
SPREAD = 0.35  # of the time an answer or a kata takes, about what was expected


@dataclass
class Learner:
    """`does`: how much of what a day asks. `minutes` are those really spent, day by day."""

    does: float
    seed: int = 1
    state: State = field(default_factory=lambda: State({}, set()))
    minutes: list[float] = field(default_factory=list)

    def __post_init__(self):
        self.rng = Random(self.seed)

    def asked(self, name: str, day: int) -> float:
        """Answers as memory has it; the minutes it took."""
        card, item = self.state.cards.get(name), BANK.item(name)
        right = self.rng.random() < (recall(card.stability, day - card.last) if card else KNOWS)
        rating = (HARD if self.rng.random() < 0.1 else GOOD) if right else AGAIN
        answer(self.state, name, day, rating)
        return SPEED.minutes(item, new=card is None) * self.rng.uniform(1 - SPREAD, 1 + SPREAD)

    def follow(self, planner: Planner, day: int) -> Day:
        """A day along a plan that is made anew after every session of ten, as home and quiz do it."""
        whole = planner.day(self.state, day)
        budget = self.does * planner.minutes
        spent = Spent()
        while spent.total < budget - 0.5:
            left = planner.day(self.state, day, spent)
            names = [*left.reviews, *left.refresh, *left.new][:10]
            if left.katas and (not left.reviews or not names):
                part = left.katas[0]
                takes = part.minutes * self.rng.uniform(1 - SPREAD, 1 + SPREAD)
                work(planner, self.state, part.kata, part.minutes, day)
                spent = replace(spent, katas=spent.katas + takes)
            elif names:
                reviews = new = 0.0
                for name in names:
                    known = name in self.state.cards
                    takes = self.asked(name, day)
                    reviews, new = (reviews + takes, new) if known else (reviews, new + takes)
                    if spent.total + reviews + new >= budget:
                        break
                spent = replace(spent, reviews=spent.reviews + reviews, new=spent.new + new)
            elif left.mock:
                spent = replace(spent, mock=left.mock)
            else:
                break
        self.minutes.append(spent.total)
        return whole

    def by_default(self, day: int) -> None:
        """A day without a plan: ten new questions, forty that come back."""
        due = sorted((c for c in self.state.cards.values() if c.due <= day), key=lambda c: (c.due, c.id))
        choice = choose(Wish(500), BANK, due, set(self.state.cards), Allowance(), Random(day))
        names = choice.ids[: round(self.does * len(choice.ids))]
        self.minutes.append(sum(self.asked(name, day) for name in names))

    def known_at(self, day: int, ids: Sequence[str]) -> float:
        """How many of these questions would be answered right on that day; unseen ones as by a newcomer."""
        cards = self.state.cards
        return sum(recall(cards[n].stability, day - cards[n].last) for n in ids if n in cards)

    def retention_at(self, day: int) -> float:
        """The mean chance of the questions met."""
        cards = [c for c in self.state.cards.values() if not c.id.startswith(KATA)]
        return sum(recall(c.stability, day - c.last) for c in cards) / len(cards) if cards else 0.0


def planner(days: int, minutes: int = 60, path: str = "", speed: Speed = SPEED) -> Planner:
    return Planner(scope_of(LIBRARY, path), BANK.item, PAGES, TODAY + days, minutes, speed)


def ids_of(path: str) -> list[str]:
    return [name for concept in scope_of(LIBRARY, path).concepts for name in concept.ids()]
