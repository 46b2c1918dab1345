"""Sessions and the schedule: nothing answered is lost, whatever happens to clocks, questions and processes."""

import os
import sqlite3
from datetime import datetime, timedelta, timezone
from random import Random

import pytest
from bank import SAMPLE, sample_library

from dlkata.content.library import Library, Root
from dlkata.errors import DlkataError
from dlkata.progress.answers import Answers, Outcome
from dlkata.progress.day import study_day
from dlkata.progress.record import MIGRATIONS, Kind, open_record
from dlkata.study.asking import Given
from dlkata.study.opening import Pace, open_session, today
from dlkata.study.scheduler import AGAIN, EASY, GOOD, HARD, advance, rate
from dlkata.study.selection import Only, Wish

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=8)))
DAY = timedelta(days=1)


@pytest.fixture
def record(tmp_path):
    record = open_record(tmp_path / "data" / "record.db")
    record.connection.execute("PRAGMA synchronous = OFF")  # power cuts are tested elsewhere
    return record


@pytest.fixture
def library():
    return sample_library()


def draw(question, seed):
    return {"n": 8, "half": 4, "quarter": 2}


def begin(library, record, now=NOON, wish=None, seed=1, **options):
    return open_session(library, record, wish or Wish(), now, Random(seed), draw, Pace(), **options)


def answer(session, asked, right, now=NOON, seconds=20.0):
    question = asked.question
    if question.kind == "recall":
        return session.give(asked, Given(text="words"), seconds, now, grade=3 if right else 1)
    chosen = (
        question.right if right else [n for n in range(len(question.options)) if n not in question.right][:1]
    )
    if question.kind == "order" and not right:
        chosen = list(reversed(question.right))
    return session.give(asked, Given(tuple(chosen), "typed"), seconds, now)


def test_new_questions_come_topic_by_topic_and_a_concept_after_what_it_builds_on(library, record):
    plan = begin(library, record).session.sitting.plan
    assert plan == [
        "coins.memory",
        "alphabet.sorted",
        "sums.printed",
        "alphabet.explain",
        "coins.heads",
        "sums.even",
    ]


def test_every_answer_is_kept_with_what_was_asked(library, record, tmp_path):
    session = begin(library, record).session
    asked = session.next()
    answer(session, asked, right=False)
    rows = sqlite3.connect(tmp_path / "data" / "record.db").execute(
        "SELECT question, outcome, rating, seconds, seed, utc_offset, content FROM answers"
    )
    assert rows.fetchall() == [("coins.memory", "wrong", 1, 20.0, asked.seed, 480, asked.question.content)]


def test_a_session_that_was_left_goes_on_where_it_was(library, record):
    first = begin(library, record).session
    answer(first, first.next(), right=True)
    left = first.next()
    first.leave()
    again = begin(library, record, seed=99)
    assert again.resumed and again.session.sitting.id == first.sitting.id
    assert (again.session.position, again.session.next().shown) == (2, left.shown)
    assert not begin(library, record, fresh=True).resumed


def test_a_session_of_yesterday_is_not_gone_on_with(library, record):
    begin(library, record).session.leave()
    assert not begin(library, record, now=NOON + DAY).resumed


def test_a_finished_session_is_finished(library, record):
    session = begin(library, record).session
    while (asked := session.next()) is not None:
        answer(session, asked, right=True)
    session.leave()
    assert begin(library, record).session is None, "nothing is due, everything was met"


def test_undo_takes_the_card_back_too(library, record):
    session = begin(library, record).session
    asked = session.next()
    answer(session, asked, right=False)
    answers = Answers(record)
    assert answers.card("coins.memory")
    assert session.undo(NOON) == "coins.memory"
    assert answers.card("coins.memory") is None and session.next().question.id == "coins.memory"
    answer(session, asked, right=True)
    assert answers.card("coins.memory").due > study_day(NOON) + 1
    assert session.undo(NOON) and session.undo(NOON) is None
    assert len(record.connection.execute("SELECT * FROM answers").fetchall()) == 4, (
        "events are never rewritten"
    )


def test_a_skipped_question_stays_where_it_was(library, record):
    session = begin(library, record).session
    session.skip(session.next(), 3.0, NOON)
    assert session.next().question.id == "alphabet.sorted" and Answers(record).known() == set()
    assert session.done[0].outcome is Outcome.SKIPPED


def test_two_sessions_at_once_are_both_kept_and_ask_other_questions(library, record, tmp_path):
    mine = begin(library, record, wish=Wish(count=2)).session
    pid = os.getppid()  # some process that is alive, and not ours
    record.connection.execute("UPDATE sessions SET holder = ?", (pid,))
    other_record = open_record(tmp_path / "data" / "record.db")
    theirs = begin(library, other_record, wish=Wish(count=2)).session
    assert set(mine.sitting.plan).isdisjoint(theirs.sitting.plan)
    for session in (mine, theirs):
        while (asked := session.next()) is not None:
            answer(session, asked, right=True)
    assert Answers(record).known() == {*mine.sitting.plan, *theirs.sitting.plan}


def test_the_same_question_answered_twice_at_once_counts_twice(library, record, tmp_path):
    one = begin(library, record).session
    two = begin(library, open_record(tmp_path / "data" / "record.db"), fresh=True).session
    answer(one, one.next(), right=True)
    answer(two, two.next(), right=True)
    assert Answers(record).card("coins.memory").answers == 2


def test_the_day_ends_at_four_in_the_morning():
    late, early = NOON.replace(hour=23), (NOON + DAY).replace(hour=3, minute=59)
    assert study_day(late) == study_day(early) != study_day(early + timedelta(minutes=1))
    assert study_day(early, ends=0) == study_day(early) + 1


def test_a_missed_question_comes_back_the_next_morning_wherever_the_learner_is(library, record):
    session = begin(library, record, now=NOON.replace(hour=23)).session
    answer(session, session.next(), right=False, now=NOON.replace(hour=23))
    session.leave()
    west = (NOON.replace(hour=8) + DAY).replace(tzinfo=timezone(timedelta(hours=-8)))
    assert today(library, record, west, Pace()).due == 1


def test_a_clock_set_back_and_a_card_from_the_future_crash_nothing(library, record):
    session = begin(library, record, now=NOON + 4000 * DAY).session
    answer(session, session.next(), right=True, now=NOON + 4000 * DAY)
    session.leave()
    back = begin(library, record, now=NOON, wish=Wish(only=Only.DUE)).session
    assert back.sitting.plan == ["coins.memory"], "its date means nothing: it is asked again"
    card = answer(back, back.next(), right=True).card
    assert study_day(NOON) < card.due < study_day(NOON) + 400
    assert len(Answers(record).of_question("coins.memory")) == 2


def test_a_deleted_question_keeps_its_history_and_is_not_asked(record, tmp_path):
    answers = Answers(record)
    session = begin(sample_library(), record).session
    answer(session, session.next(), right=False)
    session.leave()
    empty = Library()
    empty.roots = [Root(tmp_path)]
    assert begin(empty, record, now=NOON + DAY).session is None
    assert today(empty, record, NOON + DAY, Pace()).due == 0
    assert answers.card("coins.memory") is not None


def test_a_question_deleted_while_a_session_was_left_is_passed_over(record, tmp_path):
    import shutil

    shutil.copytree(SAMPLE, tmp_path / "sample")
    session = begin(sample_library(tmp_path / "sample"), record).session
    session.leave()
    (tmp_path / "sample" / "questions" / "arith" / "coins.md").unlink()
    again = begin(sample_library(tmp_path / "sample"), record).session
    assert again.next().question.id == "alphabet.sorted" and again.length == 5


def test_a_renamed_question_keeps_its_card(library, record):
    from dlkata.progress.answers import Answer

    old = Answer("coins.head_count", Outcome.RIGHT, study_day(NOON), rating=GOOD)
    Answers(record).add(old, NOON, advance)
    today(library, record, NOON, Pace())
    assert Answers(record).known() == {"coins.heads"}
    session = begin(library, record, now=NOON + 30 * DAY, wish=Wish(only=Only.DUE)).session
    answer(session, session.next(), right=True, now=NOON + 30 * DAY)
    assert Answers(record).card("coins.heads").answers == 2
    session.undo(NOON + 30 * DAY)
    assert Answers(record).card("coins.heads").answers == 1, "undoing goes back to what the old name had"


def test_cards_can_be_computed_again_from_the_answers(library, record):
    session = begin(library, record).session
    while (asked := session.next()) is not None:
        answer(session, asked, right=asked.question.head.level != 2)
    answers = Answers(record)
    before = {name: answers.card(name) for name in answers.known()}
    record.connection.execute("DELETE FROM cards")
    assert answers.rebuild(advance) == len(before)
    assert {name: answers.card(name) for name in answers.known()} == before


def test_a_record_from_before_the_quiz_is_brought_up_to_date(tmp_path):
    file = tmp_path / "record.db"
    connection = sqlite3.connect(file)
    connection.executescript(MIGRATIONS[0] + "; PRAGMA user_version = 1")
    connection.execute(
        "INSERT INTO events (at, utc_offset, kind, kata, passed, detail) VALUES"
        " ('2026-01-01T10:00:00.000+00:00', 60, 'checked', 'adam', 1, '{}')"
    )
    connection.commit()
    connection.close()
    record = open_record(file)
    assert len(record.history("adam")) == 1
    assert today(Library(), record, NOON, Pace()).katas == ("adam",), "a kata solved long ago is due"


def test_ratings_come_from_what_happened():
    assert rate(False, 5, 50, hint=False, known=True) == AGAIN
    assert rate(True, 5, 50, hint=False, known=True) == EASY
    assert rate(True, 5, 50, hint=False, known=False) == GOOD, "a quick first answer may be a guess"
    assert rate(True, 40, 50, hint=True, known=True) == HARD
    assert rate(True, 150, 50, hint=False, known=True) == HARD
    assert rate(True, 4000, 50, hint=False, known=True) == GOOD, "somebody left the desk"


def test_a_solved_kata_comes_back_and_is_rated_by_how_it_was_written_again(record):
    from dlkata.study.rounds import follow

    library, at = Library(), NOON - 30 * DAY
    kata = library.kata("adam")
    answers = Answers(record)

    def event(kind, minutes, **more):
        record.add(kind, "adam", at + timedelta(minutes=minutes), **more)

    event(Kind.OPENED, 0)
    event(Kind.CHECKED, 10, passed=False)
    event(Kind.HINTED, 12, rung=1)
    event(Kind.CHECKED, 20, passed=True)
    follow(record, kata)
    assert [a.rating for a in answers.of_question("kata:adam")] == [HARD]
    event(Kind.CHECKED, 25, passed=True)
    follow(record, kata)
    assert len(answers.of_question("kata:adam")) == 1, "checking it again is no new round"
    event(Kind.RESET, 3000)
    event(Kind.CHECKED, 3009, passed=True)
    follow(record, kata)
    assert [a.rating for a in answers.of_question("kata:adam")] == [HARD, EASY]
    event(Kind.RESET, 9000)
    event(Kind.SOLUTION, 9001)
    event(Kind.CHECKED, 9009, passed=True)
    follow(record, kata)
    assert answers.of_question("kata:adam")[-1].rating == AGAIN


def test_bugs_are_asked_only_of_katas_that_are_no_secret_any_more(record):
    library = Library()
    wish = Wish(count=40, only=Only.NEW)
    assert not any(name.startswith("bug:") for name in begin(library, record, wish=wish).session.sitting.plan)
    record.add(Kind.SOLUTION, "attention", NOON)
    session = begin(library, record, wish=wish, fresh=True).session
    (name,) = [name for name in session.sitting.plan if name.startswith("bug:")]
    asked = session.asked(name)
    assert name.startswith("bug:attention.") and "def " in asked.question.prompt
    assert len(asked.question.options) == 4 and sum(o.right for o in asked.question.options) == 1
    assert len({option.text for option in asked.question.options}) == 4


def test_every_listed_bug_makes_a_question_or_says_nothing():
    from dlkata.study.spotting import bug_ids, kata_of, spot_the_bug

    library = Library()
    asked = 0
    for kata in library.katas:
        for name in list(bug_ids(kata))[::3]:
            question = spot_the_bug(kata, kata_of(name)[1], Random(0))
            if question is not None:
                asked += 1
                assert question.id == name and question.right == [0]
    assert asked > 30


def test_an_exam_is_drawn_by_chance_and_leaves_out_what_cannot_be_scored(library, record):
    plans = {tuple(begin(library, record, wish=Wish(count=3, exam=True), seed=s, fresh=True).session.sitting.plan) for s in range(8)}  # fmt: skip
    assert len(plans) > 3 and not any("alphabet.explain" in plan for plan in plans)


def test_an_exam_of_what_is_due_is_drawn_from_what_is_due(library, record):
    session = begin(library, record).session
    for _time in range(4):
        answer(session, session.next(), right=False)
    session.leave(ended=True)
    due = begin(library, record, now=NOON + DAY, wish=Wish(only=Only.DUE)).session.sitting.plan
    exam = begin(library, record, now=NOON + DAY, wish=Wish(only=Only.DUE, exam=True)).session.sitting.plan
    assert set(exam) == set(due) - {"alphabet.explain"} and len(exam) == 3
    new = begin(library, record, now=NOON + DAY, wish=Wish(only=Only.NEW, exam=True)).session.sitting.plan
    assert set(new) == {"coins.heads", "sums.even"}


def test_an_exam_of_what_cannot_be_scored_says_why_it_is_empty(library, record):
    session = begin(library, record, wish=Wish(concepts=("alphabet",), level=3)).session
    answer(session, session.next(), right=False)
    session.leave(ended=True)
    wish = Wish(only=Only.DUE, exam=True)
    opened = begin(library, record, now=NOON + DAY, wish=wish)
    assert opened.session is None and opened.choice.unscored == 1


def test_an_exam_gives_time_for_a_bug_too(record):
    library = Library()
    record.add(Kind.SOLUTION, "attention", NOON)
    session = begin(library, record, wish=Wish(count=40, only=Only.NEW)).session
    with_bug = session.seconds_allowed()
    session.sitting.plan[:] = [name for name in session.sitting.plan if not name.startswith("bug:")]
    assert session.seconds_allowed() < with_bug


def test_an_older_session_is_not_dug_up_from_under_a_newer(library, record):
    older = begin(library, record, wish=Wish(topics=("words",))).session
    answer(older, older.next(), right=True)
    older.leave()
    newer = begin(library, record, wish=Wish(topics=("arith",))).session
    newer.leave(ended=True)
    opened = begin(library, record)
    assert not opened.resumed and [one.sitting.id for one in opened.left] == [older.sitting.id]
    assert opened.left[0].done == 1 and opened.left[0].sitting.begun == NOON
    opened.session.leave(ended=True)
    assert begin(library, record, wish=Wish(topics=("words",))).resumed, "the same was asked for again"
    again = begin(library, record, resume=older.sitting.id)
    assert again.resumed and again.session.sitting.id == older.sitting.id and again.left == []
    with pytest.raises(DlkataError, match="No session 77"):
        begin(library, record, resume=77)


def test_a_session_that_somebody_else_took_is_not_taken(library, record, tmp_path):
    session = begin(library, record).session
    session.leave()
    (sitting,) = Answers(record).sittings.left(study_day(NOON))
    record.connection.execute("UPDATE sessions SET holder = ?", (os.getppid(),))
    assert not Answers(record).sittings.take(sitting)


def test_without_a_record_the_quiz_works_and_keeps_nothing(library):
    session = begin(library, None).session
    assert answer(session, session.next(), right=True).card is None
    session.undo(NOON)
    assert session.position == 1
