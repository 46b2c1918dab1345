"""A year of study: daily sessions, misses, three weeks away. No card is lost, no day is a burden, memory holds."""

from collections import Counter
from datetime import datetime, timedelta, timezone
from random import Random

import pytest

from dlkata.content.index import ConceptEntry, Index, QuestionEntry
from dlkata.content.question import Kind
from dlkata.progress.answers import Answer, Answers, Outcome
from dlkata.progress.day import study_day
from dlkata.progress.record import open_record
from dlkata.study.scheduler import RETENTION, advance, rate
from dlkata.study.selection import Allowance, Bank, Wish, choose

START = datetime(2026, 1, 5, 21, 0, tzinfo=timezone(timedelta(hours=1)))
CONCEPTS, NEW, REVIEWS = 75, 6, 25
AWAY = range(120, 141)


def bank() -> Bank:
    concepts = {}
    for number in range(CONCEPTS):
        name, topic = f"c{number}", f"t{number % 5}"
        questions = tuple(QuestionEntry(f"q{n}", Kind.CHOICE, 1 + n) for n in range(2))
        concepts[name] = ConceptEntry(name, topic, f"{name}.md", 0, 0, order=number, questions=questions)
    return Bank(Index(concepts), {f"t{n}": n for n in range(5)})


def memory(card, day: int) -> float:
    """The chance to know it, by the forgetting curve that FSRS assumes."""
    from dlkata.study.scheduler import _scheduler

    scheduler = _scheduler()
    return (1 + scheduler._FACTOR * max(0, day - card.last) / card.stability) ** scheduler._DECAY


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    record = open_record(tmp_path_factory.mktemp("year") / "record.db")
    record.connection.execute("PRAGMA synchronous = OFF")
    answers, everything, rng = Answers(record), bank(), Random(7)
    days = []
    for number in range(365):
        if number in AWAY or rng.random() < 0.1:  # a holiday, and a day missed now and then
            continue
        now = START + timedelta(days=number)
        day = study_day(now)
        reviews, new, hits, wait = 0, 0, 0, 0
        while True:
            allowance = Allowance(
                max(0, NEW - answers.new_on(day)), max(0, REVIEWS - answers.reviewed_on(day))
            )
            choice = choose(Wish(), everything, answers.due(day), answers.known(), allowance, rng)
            wait = choice.waiting
            if not choice.ids:
                break
            for name in choice.ids:
                card = answers.card(name)
                right = rng.random() < (memory(card, day) if card else 0.6)
                if card:
                    reviews, hits = reviews + 1, hits + right
                else:
                    new += 1
                rating = rate(right, rng.uniform(8, 60), 50, hint=rng.random() < 0.05, known=card is not None)
                outcome = Outcome.RIGHT if right else Outcome.WRONG
                answers.add(Answer(name, outcome, day, rating=rating, seconds=20), now, advance)
        days.append((number, reviews, new, hits, wait))
    return answers, days


def test_every_question_was_met_and_every_card_is_there(year):
    answers, days = year
    assert len(answers.known()) == 2 * CONCEPTS
    counted = Counter()
    for name in answers.known():
        counted[name] = len(answers.of_question(name))
        assert answers.card(name).answers == counted[name] >= 3
    assert sum(counted.values()) == sum(reviews + new for _day, reviews, new, _hits, _wait in days)


def test_no_day_asks_more_than_its_limits(year):
    _answers, days = year
    assert max(new for _day, _reviews, new, _hits, _wait in days) == NEW
    assert max(reviews for _day, reviews, _new, _hits, _wait in days) <= REVIEWS


def test_a_long_absence_is_worked_off_in_shares(year):
    _answers, days = year
    after = [(reviews, wait) for day, reviews, _new, _hits, wait in days if day > AWAY[-1]]
    assert after[0] == (REVIEWS, after[0][1]) and after[0][1] > 0, "more waited than one day's share"
    assert any(wait == 0 for _reviews, wait in after[:10]), "and is done within days"


def test_what_was_learned_is_known_when_it_is_asked(year):
    _answers, days = year
    settled = [(reviews, hits) for day, reviews, _new, hits, _wait in days if day > 30]
    share = sum(hits for _r, hits in settled) / sum(reviews for reviews, _h in settled)
    assert abs(share - RETENTION) < 0.05, share


def test_cards_computed_again_are_the_same(year):
    answers, _days = year
    before = {name: answers.card(name) for name in answers.known()}
    answers.rebuild(advance)
    assert {name: answers.card(name) for name in answers.known()} == before
