"""When a question comes back: FSRS, a card a question, in whole days of the learner."""

from datetime import UTC, date, datetime, time
from functools import cache
from typing import TYPE_CHECKING

from dlkata.content.question import Kind
from dlkata.progress.answers import Answer, Card

if TYPE_CHECKING:
    from fsrs import Scheduler

RETENTION = 0.9
RETENTION_AT_STABILITY = 0.9  # what FSRS means by stability: days until the chance has sunk to this
LONGEST = 365  # days; an interview is nearer than that
AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
# Seconds in which a question can be read, thought about and answered, by level.
ALLOWED = {
    Kind.CHOICE: (35, 50, 80),
    Kind.MULTI: (60, 80, 110),
    Kind.NUMBER: (60, 90, 150),
    Kind.PREDICT: (45, 70, 110),
    Kind.ORDER: (50, 70, 100),
    Kind.RECALL: (90, 120, 180),
    Kind.BUG: (60, 90, 120),
}
# The forgetting curve of FSRS's default parameters, here so that nobody imports it for that; a test compares.
DECAY = -0.1542
FACTOR = RETENTION_AT_STABILITY ** (1 / DECAY) - 1
QUICK, SLOW, AWAY = 0.3, 2.0, 8.0  # times what is allowed; beyond the last somebody left the desk


def allowed_seconds(kind: Kind, level: int) -> int:
    return ALLOWED[kind][level - 1]


def rate(right: bool, seconds: float, allowed: float, *, hint: bool, known: bool) -> int:
    """From what happened, never from a question to the learner. A first answer is never easy: it may be a guess."""
    if not right:
        return AGAIN
    if hint or SLOW * allowed < seconds < AWAY * allowed:
        return HARD
    return EASY if known and seconds < QUICK * allowed else GOOD


def recall(stability: float, days: int) -> float:
    """The chance to know it, so many days after the last answer."""
    return (1 + FACTOR * max(0, days) / stability) ** DECAY


@cache
def _scheduler() -> "Scheduler":
    from fsrs import Scheduler

    # No steps within a day: what was missed comes back tomorrow.
    return Scheduler(
        desired_retention=RETENTION,
        learning_steps=(),
        relearning_steps=(),
        maximum_interval=LONGEST,
        enable_fuzzing=False,
    )


def advance(card: Card | None, answer: Answer) -> Card:
    """The card after an answer."""
    from fsrs import Card as FsrsCard
    from fsrs import Rating, State

    assert answer.rating is not None
    day = answer.day
    before = FsrsCard(card_id=1, due=_moment(day))
    if card is not None:
        before = FsrsCard(
            card_id=1,
            state=State.Review,
            stability=card.stability,
            difficulty=card.difficulty,
            due=_moment(card.due),
            last_review=_moment(min(card.last, day)),  # a clock that was set back made no time pass
        )
    after, _log = _scheduler().review_card(before, Rating(answer.rating), _moment(day))
    assert after.stability is not None and after.difficulty is not None
    return Card(
        answer.question,
        after.stability,
        after.difficulty,
        due=after.due.toordinal(),
        last=day,
        first=min(card.first, day) if card else day,
        answers=card.answers + 1 if card else 1,
    )


def _moment(day: int) -> datetime:
    """Noon of a day: FSRS counts full days between two moments."""
    latest = date.max.toordinal() - 2 * LONGEST
    return datetime.combine(date.fromordinal(max(1, min(day, latest))), time(12), tzinfo=UTC)
