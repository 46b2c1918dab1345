"""What is known: it grows with right answers on different days, shrinks with misses and with time."""

from datetime import UTC, datetime, timedelta

import pytest
from bank import sample_library

from dlkata.content.library import Library
from dlkata.progress.answers import Answer, Answers, Outcome
from dlkata.progress.record import open_record
from dlkata.study.mastery import Mark, mastery, practised_by
from dlkata.study.scheduler import AGAIN, GOOD, HARD, _moment, _scheduler, advance, recall

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = NOON.date().toordinal()


@pytest.fixture
def record(tmp_path):
    record = open_record(tmp_path / "record.db")
    record.connection.execute("PRAGMA synchronous = OFF")
    return record


def answer(record, name, rating, day=DAY):
    outcome = Outcome.RIGHT if rating > AGAIN else Outcome.WRONG
    moment = NOON + timedelta(days=day - DAY)
    Answers(record).add(Answer(name, outcome, day, rating=rating), moment, advance)


def test_our_forgetting_curve_is_that_of_fsrs():
    from fsrs import Card

    for stability in (0.2, 2.3, 46.0):
        for days in (0, 1, 30, 400):
            card = Card(card_id=1, stability=stability, last_review=_moment(DAY))
            theirs = _scheduler().get_card_retrievability(card, _moment(DAY + days))
            assert recall(stability, days) == pytest.approx(theirs, rel=1e-12)


def test_two_right_answers_on_different_days_make_a_question_known(record):
    known = mastery(sample_library(), record, DAY)
    assert known.question("coins.memory") is Mark.NEW and known.strength("coins.memory") == 0
    answer(record, "coins.memory", GOOD)
    known = mastery(sample_library(), record, DAY)
    assert known.question("coins.memory") is Mark.LEARNING and 0.2 < known.strength("coins.memory") < 0.5
    answer(record, "coins.memory", GOOD, DAY + 2)
    known = mastery(sample_library(), record, DAY + 2)
    assert known.question("coins.memory") is Mark.KNOWN and known.strength("coins.memory") == 1


def test_what_was_missed_or_is_long_overdue_is_learned_again(record):
    for day in (0, 2):
        answer(record, "coins.memory", GOOD, DAY + day)
        answer(record, "coins.heads", GOOD, DAY + day)
    answer(record, "coins.heads", AGAIN, DAY + 13)
    known = mastery(sample_library(), record, DAY + 13)
    assert known.question("coins.heads") is Mark.LEARNING and known.strength("coins.heads") < 0.3
    assert known.question("coins.memory") is Mark.KNOWN  # it has just fallen due: no reproach yet
    assert mastery(sample_library(), record, DAY + 200).question("coins.memory") is Mark.LEARNING


def test_a_concept_is_known_when_most_of_its_questions_are(record):
    library = sample_library()
    ids = list(library.index.concepts["coins"].ids())
    assert mastery(library, record, DAY).concept("coins").mark is Mark.NEW
    answer(record, ids[0], AGAIN)
    one = mastery(library, record, DAY).concept("coins")
    assert one.mark is Mark.LEARNING and (one.seen, one.of) == (1, len(ids)) and one.share < 0.1
    for name in ids:
        for day in (1, 3, 14):
            answer(record, name, GOOD, DAY + day)
    assert mastery(library, record, DAY + 14).concept("coins").mark is Mark.KNOWN
    arith = mastery(library, record, DAY + 14).topic("arith")
    assert arith.mark is Mark.LEARNING and arith.seen == len(ids) < arith.of  # `sums` is still new
    assert 0 < mastery(library, record, DAY + 14).everything().share < arith.share


def test_two_known_questions_speak_for_a_concept_and_a_new_one_takes_nothing_back(record):
    library = Library()
    first, second, third, fourth, *_rest = library.index.concepts["adam"].ids()
    for day in (0, 2):
        answer(record, first, GOOD, DAY + day)
    assert mastery(library, record, DAY + 2).concept("adam").mark is Mark.LEARNING
    for day in (0, 2):
        answer(record, second, GOOD, DAY + day)
    known = mastery(library, record, DAY + 2).concept("adam")
    assert known.mark is Mark.KNOWN and known.share < 0.6
    answer(record, third, GOOD, DAY + 2)  # met for the first time
    assert mastery(library, record, DAY + 2).concept("adam").mark is Mark.KNOWN
    answer(record, fourth, AGAIN, DAY + 2)
    assert mastery(library, record, DAY + 2).concept("adam").mark is Mark.LEARNING


def test_a_kata_proves_its_concepts_and_never_takes_from_them(record):
    library = Library()
    concept = library.index.concepts["sqrt_dk"]
    known = mastery(library, record, DAY)
    assert (known.kata("attention"), known.kata("attention", begun=True)) == (Mark.NEW, Mark.LEARNING)
    answer(record, "kata:attention", GOOD)
    passed = mastery(library, record, DAY)
    assert passed.kata("attention") is Mark.KNOWN and passed.concept("sqrt_dk").mark is Mark.LEARNING
    assert passed.concept("softmax_dim").share > 0 and passed.concept("adam").share == 0
    for name in concept.ids():
        answer(record, name, GOOD)
    answer(record, "kata:attention", AGAIN)  # its solution was read
    after = mastery(library, record, DAY)
    assert after.kata("attention") is Mark.LEARNING
    alone = sum(map(after.strength, concept.ids())) / len(list(concept.ids()))
    assert after.concept("sqrt_dk").share >= alone


def test_every_concept_that_a_kata_names_is_one_that_it_proves():
    library = Library()
    proved = {entry.name for kata in library.katas for entry in practised_by(kata, library)}
    assert {name for kata in library.katas for name in kata.head.concepts} <= proved


def test_clocks_that_jump_and_records_that_are_not_there_are_no_trouble(record):
    answer(record, "coins.memory", HARD, DAY + 900)  # the clock was wrong
    assert mastery(sample_library(), record, DAY).chance("coins.memory") == 1
    assert mastery(sample_library(), None, DAY).everything().mark is Mark.NEW
    assert mastery(sample_library(), record, DAY).concept("gone").mark is Mark.NEW
