"""What the learner's plan asks of today: made from the record, anew each time it is looked at."""

from dataclasses import dataclass
from functools import cache

from dlkata.content.library import Library
from dlkata.content.question import Kind
from dlkata.progress.answers import KATA, Answers
from dlkata.progress.day import study_day
from dlkata.progress.interviews import Interviews
from dlkata.progress.plans import Aim, Plans
from dlkata.progress.record import Record
from dlkata.progress.tallies import Tallies
from dlkata.study.planning import READING, Day, Planner, Speed, Spent, State
from dlkata.study.rounds import current_round
from dlkata.study.scheduler import allowed_seconds
from dlkata.study.selection import Bank
from dlkata.study.worth import scope_of

FIRST_GUESS = 20  # answers as which what we suppose of a newcomer's pace counts
FIRST_GUESS_KATAS = 2
A_MOMENT = 0.01  # minutes: its answers and its kata are counted already
RATIOS = (0.2, 3.0)  # a learner's pace is looked for between these


@dataclass(frozen=True)
class Agenda:
    """A plan's day as it stands now."""

    aim: Aim
    today: int
    left: Day  # what is still to be done of it
    spent: Spent
    planner: Planner
    state: State

    @property
    def number(self) -> int:
        return self.aim.number(self.today)


def agenda(aim: Aim, library: Library, record: Record, bank: Bank, today: int, ends: int) -> Agenda:
    answers, plans = Answers(record), Plans(record)
    pages = {kata.name: kata.head.minutes for kata in library.katas}
    state = State(answers.cards(), record.solved(pages))
    scope = scope_of(library, aim.path)
    for name, events in plans.recent_events().items():
        if name in pages and name not in state.solved and (seconds := current_round(events).seconds):
            state.worked[name] = seconds / 60
    spent = spent_on(record, answers, today, ends)
    planner = Planner(scope, cache(bank.item), pages, aim.until, aim.minutes, speed_of(plans, pages))
    return Agenda(aim, today, planner.day(state, today, spent), spent, planner, state)


def spent_on(record: Record, answers: Answers, day: int, ends: int) -> Spent:
    """Minutes of a day that are gone, on what. Those of a mock interview are among them."""
    found = next(iter(Tallies(record).days(day, day)), None)
    mock = A_MOMENT if mock_done(record, day, ends) else 0.0
    if found is None:
        return Spent(mock=mock)
    new, again = answers.new_on(day), answers.reviewed_on(day)
    questions = (found.seconds + READING * found.answered) / 60
    on_new = questions * new / (new + again / 2) if new + again else 0.0
    return Spent(questions - on_new, on_new, found.kata_seconds / 60, mock)


def mock_done(record: Record, day: int, ends: int) -> bool:
    """Whether an interview has ended on that day."""
    return any(study_day(step.at, ends) == day for _name, step in Interviews(record).ended(1))


def speed_of(plans: Plans, pages: dict[str, int]) -> Speed:
    """From the newest answers and from every kata passed; a newcomer is supposed to be as most are."""
    guess = Speed()
    timed = plans.timed()
    firsts = [one.right for one in timed if one.new]
    katas = [(pages.get(name.removeprefix(KATA), 0) * 60, seconds) for name, seconds in plans.kata_seconds()]
    return Speed(
        new=_ratio([(_allowed(t.kind, t.level), t.seconds) for t in timed if t.new], guess.new, FIRST_GUESS),
        review=_ratio(
            [(_allowed(t.kind, t.level), t.seconds) for t in timed if not t.new], guess.review, FIRST_GUESS
        ),
        kata=_ratio([pair for pair in katas if pair[0]], guess.kata, FIRST_GUESS_KATAS),
        knows=(sum(firsts) + guess.knows * FIRST_GUESS) / (len(firsts) + FIRST_GUESS),
    )


def _allowed(kind: str, level: int) -> float:
    return allowed_seconds(Kind(kind), level)


def _ratio(pairs: list[tuple[float, float]], guess: float, weight: int) -> float:
    """What was taken of what is allowed; one that took ten times as long counts as if somebody had left the desk."""
    usual = sum(allowed for allowed, _taken in pairs) / len(pairs) if pairs else 1.0
    allowed = sum(allowed for allowed, _taken in pairs) + weight * usual
    taken = sum(min(taken, 3 * allowed) for allowed, taken in pairs) + weight * usual * guess
    least, most = RATIOS
    return min(most, max(least, taken / allowed))
