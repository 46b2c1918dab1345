"""The days to a date as they will be, if each is done as planned and memory does what FSRS expects of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from dlkata.progress.answers import KATA, Answer, Outcome
from dlkata.study.planning import Day, Planner, Spent, State
from dlkata.study.scheduler import AGAIN, GOOD, advance, recall

Learn = Callable[[Planner, State, Day], None]


FARTHEST = 45  # days that are looked ahead: what comes then, nobody can know


@dataclass(frozen=True)
class Outlook:
    """What the days will have come to."""

    day: int  # at its beginning
    whole: bool  # whether that is the date itself
    met: int
    questions: int
    solved: int
    katas: int


def forecast(
    planner: Planner, state: State, today: int, spent: Spent, learn: Learn | None = None
) -> tuple[list[Day], Outlook]:
    """`learn` is what a day does to the state."""
    learn = learn or Expected()
    state = replace(state, cards=dict(state.cards), solved=set(state.solved), worked=dict(state.worked))
    days = []
    for day in range(today, min(planner.until, today + FARTHEST)):
        days.append(planner.day(state, day, spent if day == today else Spent()))
        learn(planner, state, days[-1])
    ids = [name for concept in planner.scope.concepts for name in concept.ids()]
    outlook = Outlook(
        day=today + len(days),
        whole=today + len(days) == planner.until,
        met=sum(name in state.cards for name in ids),
        questions=len(ids),
        solved=sum(kata.name in state.solved for kata in planner.scope.katas),
        katas=len(planner.scope.katas),
    )
    return days, outlook


@dataclass
class Expected:
    """Every day is done, and as many answers are wrong as the chances say: no more by luck, no fewer."""

    owed: float = 0.5  # of a wrong answer

    def __call__(self, planner: Planner, state: State, day: Day) -> None:
        for name in (*day.reviews, *day.refresh, *day.new):
            card = state.cards.get(name)
            chance = recall(card.stability, day.day - card.last) if card else planner.speed.knows
            self.owed += 1 - chance
            right = self.owed < 1
            self.owed -= 0 if right else 1
            answer(state, name, day.day, GOOD if right else AGAIN)
        for part in day.katas:
            work(planner, state, part.kata, part.minutes, day.day)


def answer(state: State, name: str, day: int, rating: int) -> None:
    outcome = Outcome.WRONG if rating == AGAIN else Outcome.RIGHT
    state.cards[name] = advance(state.cards.get(name), Answer(name, outcome, day, rating=rating))


def work(planner: Planner, state: State, kata: str, minutes: float, day: int) -> None:
    """Puts minutes into a kata; with all that it takes it is solved, and comes back."""
    if kata not in state.solved:
        state.worked[kata] = state.worked.get(kata, 0.0) + minutes
        if state.worked[kata] < planner.kata_minutes(kata) - 1:
            return
        del state.worked[kata]
        state.solved.add(kata)
    answer(state, KATA + kata, day, GOOD)
