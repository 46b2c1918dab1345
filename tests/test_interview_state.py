"""What an interview asks, and where it stands: pure logic, over every length there is, crashing before every move."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from interviews import NOON, library, standing

from dlkata.progress.interviews import Did, Step, Work
from dlkata.study.interview.agenda import LONGEST, SHORTEST, Part, Scope, concept_of, draw_up
from dlkata.study.interview.points import grade_of, points_made
from dlkata.study.interview.scorecard import hint_points, score, worth
from dlkata.study.interview.state import Interview, Move, Outcome, done, done_kata
from dlkata.study.opening import bank_of

EVERY_LENGTH = range(SHORTEST, LONGEST + 1)


@pytest.fixture(scope="module")
def bank():
    return bank_of(library(), None, Random(1))


def agenda(bank, minutes, seed=1, scope=None, **options):
    return draw_up(minutes, scope or Scope(), bank, standing(), Random(seed), **options)


def first_step(agenda, seed=1):
    tasks = [task.as_json() for task in agenda.tasks]
    return Step(Did.BEGUN, NOON, {"minutes": agenda.minutes, "seed": seed, "scope": {}, "tasks": tasks}, 1)


# ---------------------------------------------------------------- what is asked


def test_every_length_has_questions_to_answer_and_to_say_and_fits_its_minutes(bank):
    for minutes in EVERY_LENGTH:
        drawn = agenda(bank, minutes, seed=minutes)
        assert drawn.of(Part.QUICK) and drawn.of(Part.ALOUD) and drawn.par <= minutes * 60, minutes
        assert len(drawn.of(Part.KATA)) == (minutes >= 23), minutes
        assert bool(drawn.of(Part.FOLLOW_UP)) == (minutes >= 23)
        assert [task.part for task in drawn.tasks] == sorted(
            (task.part for task in drawn.tasks), key=[*Part].index
        )
        assert len({task.name for task in drawn.of(Part.QUICK)}) == len(drawn.of(Part.QUICK))


def test_no_two_questions_are_of_one_concept_while_there_are_others(bank):
    drawn = agenda(bank, 60)
    concepts = [concept_of(t.name) for t in drawn.tasks if t.part in (Part.QUICK, Part.ALOUD)]
    assert len(concepts) == len(set(concepts)) > 10


def test_scope_is_kept(bank):
    attention = agenda(bank, 45, scope=Scope(topics=("attention",)))
    names = [t.name for t in attention.tasks if t.part in (Part.QUICK, Part.ALOUD)]
    assert names and all(bank.item(name).topic == "attention" for name in names)
    kata = attention.of(Part.KATA)[0].name
    assert library().kata(kata).head.topic == "attention"
    hard = agenda(bank, 20, scope=Scope(level=3))
    assert all(bank.item(t.name).level == 3 for t in hard.tasks)
    path = Scope(path="p", concepts=("sqrt_dk", "masking"), katas=("rope",))
    drawn = agenda(bank, 60, scope=path)
    assert {concept_of(t.name) for t in drawn.tasks if t.part in (Part.QUICK, Part.ALOUD)} == {
        "sqrt_dk",
        "masking",
    }
    assert drawn.of(Part.KATA)[0].name == "rope"


def test_what_was_answered_today_comes_only_where_there_is_nothing_else(bank):
    usual = agenda(bank, 45, scope=Scope(topics=("attention",)))
    answered = {t.name for t in usual.tasks if t.part in (Part.QUICK, Part.ALOUD)}
    other = agenda(bank, 45, scope=Scope(topics=("attention",)), without=answered)
    assert answered.isdisjoint(t.name for t in other.tasks)
    everything = {entry_id for entry in library().index.concepts.values() for entry_id in entry.ids()}
    assert agenda(bank, 10, without=everything).of(Part.QUICK)


# ---------------------------------------------------------------- the state, without anything else


def drive(first, seconds, *, crash):
    """Answers everything, each move after so many seconds; with `crash` the state is told anew before every move."""
    steps, elapsed, limit = [first], 0.0, first.detail["minutes"] * 60.0
    state = Interview(steps)
    moves = Counter()
    while True:
        if crash:
            state = Interview(list(steps))
        elapsed = min(limit, elapsed + seconds)
        move = state.move(elapsed >= limit)
        moves[move] += 1
        if move is Move.NOTHING:
            return state, moves
        did, detail = {
            Move.ASK: (Did.ASKED, {}),
            Move.ANSWER: (Did.DONE, done(1.0, seconds)),
            Move.GRADE: (Did.DONE, done(0.5, seconds)),
            Move.CLOSE: (Did.DONE, done(0.0, seconds, closed=True)),
            Move.END: (Did.ENDED, {"reason": state.reason(elapsed >= limit).value}),
        }[move]
        if move is Move.ANSWER and state.task.part in (Part.ALOUD, Part.FOLLOW_UP):
            did, detail = Did.SAID, {"text": "", "seconds": seconds}
        steps.append(Step(did, NOON + timedelta(seconds=elapsed), detail, len(steps) + 1))
        state = Interview(steps)


@pytest.mark.parametrize("crash", [False, True])
def test_every_length_ends_whether_one_is_quick_or_slow(bank, crash):
    for minutes in EVERY_LENGTH:
        first = first_step(agenda(bank, minutes, seed=minutes))
        for seconds in (0.5, 37.0, 400.0):
            state, moves = drive(first, seconds, crash=crash)
            assert moves[Move.END] == moves[Move.NOTHING] == 1 and moves[Move.CLOSE] <= 1, (minutes, seconds)
            outcomes = [result.outcome for result in state.all_results()]
            if state.end.detail["reason"] == "finished":
                assert Outcome.UNREACHED not in outcomes
            else:
                assert state.end.detail["reason"] == "time" and seconds > 30
                reached = len(state.results)
                assert set(outcomes[reached:]) <= {Outcome.UNREACHED}
                assert Outcome.CLOSED not in outcomes[: max(0, reached - 1)]


def test_a_crash_at_every_step_changes_nothing_but_the_time(bank):
    for minutes in (5, 23, 45, 180):
        first = first_step(agenda(bank, minutes))
        whole, _moves = drive(first, 20.0, crash=False)
        broken, _moves = drive(first, 20.0, crash=True)
        assert whole.results == broken.results


def test_an_answer_given_in_time_may_be_graded_after_it(bank):
    first = first_step(agenda(bank, 5))
    quick = [Step(Did.DONE, NOON, done(1.0, 1.0))] * len(
        [t for t in first.detail["tasks"] if t["part"] == "quick"]
    )
    state = Interview(
        [first, *quick, Step(Did.ASKED, NOON), Step(Did.SAID, NOON, {"text": "", "seconds": 9})]
    )
    assert state.move(over=True) is Move.GRADE


# ---------------------------------------------------------------- points


def test_hints_cost_points_and_the_solution_all_of_them(bank):
    tasks = agenda(bank, 45).tasks
    assert sum(worth(tasks, part) for part in Part) == pytest.approx(100)
    kata = next(number for number, task in enumerate(tasks) if task.part is Part.KATA)

    def points(work, rung=0):
        steps = [Step(Did.DONE, NOON, done(1.0, 1.0))] * kata + [
            Step(Did.DONE, NOON, done_kata(work, 60.0, rung))
        ]
        state = Interview([first_step(agenda(bank, 45)), *steps])
        return next(p.points for p in score(state, 60.0, "finished", [], {}).parts if p.part is Part.KATA)

    full = points(Work(checks=1, passed=True))
    assert full == pytest.approx(worth(tasks, Part.KATA))
    assert full - points(Work(checks=1, passed=True, rung=1)) == pytest.approx(hint_points(tasks, Part.KATA))
    assert points(Work(checks=1, passed=True, rung=2), rung=2) == full, "those of before cost nothing now"
    assert points(Work(checks=3, share=0.8)) == pytest.approx(0.4 * full)
    assert points(Work(checks=1, passed=True, solution=True)) == 0
    assert 0 == points(Work()) <= points(Work(passed=True, rung=9))


@pytest.mark.parametrize(
    ("typed", "made"),
    [("", set()), ("all", {0, 1, 2}), ("全部", {0, 1, 2}), ("a c", {0, 2}), ("ＡＣ", {0, 2}), ("b,", {1}),
     ("none", set()), ("d", None), ("?", None), ("a b z", None)],
)  # fmt: skip
def test_key_points_are_ticked(typed, made):
    assert points_made(typed, 3) == made


def test_what_was_said_moves_the_schedule_as_recall_does():
    assert [grade_of(share, hint=False) for share in (0.0, 0.25, 0.8, 1.0)] == [1, 2, 3, 3]
    assert grade_of(1.0, hint=True) == 2
