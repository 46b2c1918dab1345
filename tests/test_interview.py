"""An interview runs through by script, crashes at every step, and is enforced by the clock on the wall."""

from datetime import timedelta, timezone

import pytest
from interviews import NOON, Clocks, Learner, begin, run_through

from dlkata.errors import DlkataError
from dlkata.progress.answers import Answers
from dlkata.progress.interviews import Did, Interviews
from dlkata.progress.record import open_record
from dlkata.study.interview.agenda import Part
from dlkata.study.interview.state import Move, Outcome, Reason

LENGTHS = (5, 12, 23, 30, 45, 90, 180)


@pytest.mark.parametrize("minutes", LENGTHS)
@pytest.mark.parametrize("crash", ["never", "after each step", "within each step", "while it waits"])
def test_it_runs_through_by_script_with_a_crash_and_a_resume_at_every_step(tmp_path, minutes, crash):
    ran = run_through(tmp_path, minutes, 2.0, crash=crash)
    assert (ran.crashes > 3) == (crash != "never")
    card = ran.card
    assert card.reason == Reason.FINISHED and card.seconds <= minutes * 60
    assert [part.reached for part in card.parts] == [part.tasks for part in card.parts]
    assert card.passed is (True if minutes >= 23 else None)
    questions = [t.name for t in ran.state.tasks if t.part in (Part.QUICK, Part.ALOUD)]
    for name in questions:
        assert len(ran.answers.of_question(name)) == 1, "each answer is kept once"
    assert sum(card.comes_back.values()) == len(questions)
    assert [step.did for step in ran.state.steps].count(Did.ENDED) == 1
    times = [step.at for step in ran.state.steps]
    assert times == sorted(times)
    assert card.points == ran.points_without_crash


@pytest.mark.parametrize("minutes", (5, 23, 45))
@pytest.mark.parametrize("crash", ["never", "after each step", "while it waits"])
def test_whoever_is_slow_is_closed_when_time_is_up(tmp_path, minutes, crash):
    ran = run_through(tmp_path, minutes, 400.0, crash=crash)
    assert ran.card.reason == Reason.TIME and ran.card.seconds == minutes * 60
    closed = [r for r in ran.state.all_results() if r.outcome is Outcome.CLOSED]
    assert len(closed) <= 1
    for result in closed:
        assert all(answer.rating is None for answer in ran.answers.of_question(result.task.name))
    assert all(step.at <= NOON + timedelta(minutes=minutes) for step in ran.state.steps)


def test_a_terminal_closed_for_hours_finds_it_over_and_told(tmp_path):
    clocks = Clocks()
    record, name = begin(tmp_path, clocks, 45)
    learner = Learner(clocks, record, name, 5.0, waits=1)
    assert learner.hold().move(over=False) is Move.ANSWER
    clocks.pass_(3 * 3600)
    learner = Learner(clocks, record, name, 5.0)
    state = learner.hold()
    assert learner.lines == [], "nothing more is asked"
    assert state.results[1].outcome is Outcome.CLOSED and learner.holder.card.reason == "time"
    assert Interviews(record).running() is None


def test_clocks_that_jump_stop_nothing(tmp_path):
    clocks = Clocks()
    record, name = begin(tmp_path, clocks, 45)
    Learner(clocks, record, name, 30.0, waits=2).hold()
    spent = 60
    clocks.wall -= timedelta(days=30)
    back = Learner(clocks, record, name, 30.0, waits=1)
    back.hold()
    assert back.holder.countdown.elapsed >= spent + 30
    clocks.wall = (NOON + timedelta(minutes=10)).astimezone(timezone(timedelta(hours=-7)))
    elsewhere = Learner(clocks, record, name, 30.0, waits=0)
    elsewhere.hold()
    assert elsewhere.holder.countdown.elapsed == 600
    assert elsewhere.holder.at.utcoffset() == timedelta(hours=-7)


def test_two_terminals_do_not_answer_twice(tmp_path):
    clocks = Clocks()
    record, name = begin(tmp_path, clocks, 45)
    Learner(clocks, record, name, 5.0, waits=0).hold()  # it is asked
    one, other = (
        Learner(clocks, open_record(tmp_path / "record.db"), name, 5.0, waits=1) for _terminal in (1, 2)
    )
    other.hold()
    with pytest.raises(DlkataError, match="another terminal"):
        one.hold()
    first = other.holder.state.tasks[0].name
    assert len(Answers(record).of_question(first)) == 1


def test_what_was_saved_in_time_is_checked_at_the_end(tmp_path):
    clocks = Clocks()
    record, name = begin(tmp_path, clocks, 45)
    learner = Learner(clocks, record, name, 5.0, at_kata="waits", saves=True)
    learner.hold()
    card = learner.holder.card
    assert card.reason == "time" and card.passed is True


def test_what_was_saved_too_late_is_not(tmp_path):
    clocks = Clocks()
    record, name = begin(tmp_path, clocks, 45)
    learner = Learner(
        clocks, record, name, 5.0, at_kata="waits", saves=True, saved_at=NOON + timedelta(minutes=46)
    )
    learner.hold()
    assert learner.holder.card.passed is False


def test_a_pass_in_another_terminal_is_seen(tmp_path):
    clocks = Clocks()
    record, name = begin(tmp_path, clocks, 45)
    learner = Learner(clocks, record, name, 5.0, at_kata="passes elsewhere")
    state = learner.hold()
    assert learner.holder.card.passed and learner.holder.card.reason == "finished"
    assert next(r for r in state.all_results() if r.task.part is Part.KATA).detail["checks"] == 1


def test_hints_at_the_kata_are_counted_wherever_they_are_taken(tmp_path):
    clocks = Clocks()
    record, name = begin(tmp_path, clocks, 45)
    learner = Learner(clocks, record, name, 5.0, at_kata="takes hints")
    learner.hold()
    kata = next(part for part in learner.holder.card.parts if part.part is Part.KATA)
    assert kata.hints == 2 and kata.points == pytest.approx(0.7 * kata.of, abs=0.01)


def test_a_question_that_is_gone_is_passed_over(tmp_path):
    clocks = Clocks()
    record, name = begin(tmp_path, clocks, 5, replaced={0: "gone.question"})
    learner = Learner(clocks, record, name, 2.0)
    state = learner.hold()
    assert state.results[0].outcome is Outcome.UNREACHED and learner.holder.card.reason == "finished"


def test_interviews_move_house_with_the_record(tmp_path):
    from dlkata.progress.merging import merge

    (tmp_path / "there").mkdir()
    there, name = begin(tmp_path / "there", Clocks(), 45)
    Learner(Clocks(), there, name, 5.0).hold()
    here, other = begin(tmp_path, Clocks(NOON - timedelta(days=1)), 5)
    Learner(Clocks(NOON - timedelta(days=1)), here, other, 5.0).hold()
    for added in (len(Interviews(there).steps(name)), 0):
        with here.connection:
            here.connection.execute("BEGIN IMMEDIATE")
            assert merge(here.connection, there.connection).added["interview_steps"] == added
    moved, before = Interviews(here).steps(name), Interviews(there).steps(name)
    assert [(s.did, s.at) for s in moved] == [(s.did, s.at) for s in before]
    assert [n for n, _step in Interviews(here).ended(9)] == [name, other]


def test_one_that_was_ended_on_two_machines_is_told_once(tmp_path):
    from dlkata.progress.merging import merge

    (tmp_path / "there").mkdir()
    there, name = begin(tmp_path / "there", Clocks(), 45)
    here = open_record(tmp_path / "here.db")
    for round_ in range(2):
        with here.connection:
            here.connection.execute("BEGIN IMMEDIATE")
            merge(here.connection, there.connection)
        if round_ == 0:
            for record, minutes in ((there, 50), (here, 60)):
                held = Interviews(record)
                held.add(name, Did.ENDED, NOON + timedelta(minutes=minutes), {}, held.steps(name)[-1].id)
    assert [n for n, _step in Interviews(here).ended(9)] == [name]
    assert sum(step.did is Did.ENDED for step in Interviews(here).steps(name)) == 2
