"""Plans to a date: simulated over days by learners of clay, kept in the record, followed by home and quiz."""

import json
from datetime import date, datetime, timedelta
from functools import cache

import pytest
from simulated import KATA, LIBRARY, PAGES, SPEED, TODAY, Learner, ids_of, planner

from dlkata.progress.answers import Answers, Card
from dlkata.progress.plans import Aim, Plans
from dlkata.progress.record import open_record
from dlkata.study.forecast import forecast
from dlkata.study.opening import Pace, today
from dlkata.study.planning import Spent, State
from dlkata.study.worth import scope_of

DAYS, WITHIN = (1, 3, 10, 30), 0.15
PATH = "transformers"


@cache
def followed(days: int, does: float):
    """A learner with the plan, the days as they were planned, and one without."""
    plan, learner, other = planner(days, path=PATH), Learner(does), Learner(does)
    planned = []
    for day in range(TODAY, TODAY + days):
        planned.append(learner.follow(plan, day))
        other.by_default(day)
    return learner, planned, other


@pytest.mark.parametrize("days", DAYS)
@pytest.mark.parametrize("does", [1, 0.5, 0])
def test_a_day_keeps_its_minutes(days, does):
    learner, planned, _other = followed(days, does)
    content_left = len(learner.state.cards) < len(ids_of(PATH))
    for day, spent in zip(planned, learner.minutes, strict=True):
        assert day.minutes <= 60 * (1 + WITHIN)
        assert day.minutes >= 60 * (1 - WITHIN) or not content_left
        assert spent <= 60 * (1 + WITHIN)


@pytest.mark.parametrize("days", DAYS)
@pytest.mark.parametrize("does", [1, 0.5])
def test_nothing_due_is_forgotten(days, does):
    learner, _planned, _other = followed(days, does)
    overdue = [
        c.id for c in learner.state.cards.values() if c.due < TODAY + days and not c.id.startswith(KATA)
    ]
    assert overdue == []


@pytest.mark.parametrize("days", DAYS)
@pytest.mark.parametrize("does", [1, 0.5])
def test_more_of_the_path_is_known_at_the_date_than_by_the_default_schedule(days, does):
    learner, _planned, other = followed(days, does)
    ids, at = ids_of(PATH), TODAY + days
    assert learner.known_at(at, ids) > other.known_at(at, ids)


@pytest.mark.parametrize("days", [10, 30])
def test_and_what_was_met_is_known_better(days):
    learner, _planned, other = followed(days, 1)
    assert learner.retention_at(TODAY + days) > other.retention_at(TODAY + days)


def overdue_state(count: int) -> State:
    return State({name: Card(name, 3.0, 5.0, TODAY - 1, TODAY - 4, TODAY - 9, 2) for name in ids_of("")[:count]}, set())  # fmt: skip


@pytest.mark.parametrize("days", [3, 10, 30])
def test_all_that_is_due_finds_a_day_even_where_a_day_cannot_hold_it(days):
    """Somebody did nothing for long. What the days cannot hold is told as waiting."""
    state = overdue_state(200)
    found, _outlook = forecast(planner(days), state, TODAY, Spent())
    asked = {name for day in found for name in day.reviews}
    assert set(state.cards) <= asked or found[-1].waiting >= len(set(state.cards) - asked)
    assert days == 3 or set(state.cards) <= asked
    assert not found[0].new and not found[0].katas, "what is due comes first"


def test_only_the_last_day_has_the_mock():
    for days in DAYS:
        found, outlook = forecast(planner(days, path=PATH), State({}, set()), TODAY, Spent())
        assert [bool(day.mock) for day in found] == [False] * (days - 1) + [True]
        assert outlook.whole and outlook.day == TODAY + days


def test_a_day_that_is_spent_holds_nothing_more():
    assert planner(10).day(overdue_state(5), TODAY, Spent(new=60.0)).waiting == 5
    left = planner(10).day(State({}, set()), TODAY, Spent(katas=40.0))
    assert not left.katas and left.minutes <= 20 and left.new


def test_a_long_kata_is_done_in_parts_and_one_that_is_begun_is_finished_first():
    part = planner(10, minutes=40, path=PATH).day(State({}, {"softmax", "attention"}), TODAY).katas[0]
    assert part.kata == "mha" and part.minutes < part.of == 30
    begun = planner(10, path=PATH).day(State({}, set(), {"rope": 15.0}), TODAY).katas[0]
    assert (begun.kata, begun.minutes, begun.done) == ("rope", 10, True)


def test_short_days_take_turns_with_katas_and_questions():
    found, _outlook = forecast(planner(10, minutes=15, path=PATH), State({}, set()), TODAY, Spent())
    assert {bool(day.katas) for day in found[:-1]} == {True, False}
    assert all(day.minutes <= 15 * (1 + WITHIN) for day in found)


def test_without_a_path_the_most_valuable_comes_first_behind_what_it_builds_on():
    scope = scope_of(LIBRARY, "")
    names = [entry.name for entry in scope.concepts]
    assert len(names) == len(LIBRARY.index.concepts) and len(scope.katas) == len(LIBRARY.katas)
    for entry in scope.concepts:
        assert all(other not in names[names.index(entry.name) :] for other in entry.after), entry.name
    assert names.index("sqrt_dk") < names.index("agi_vs_narrow")


def test_few_minutes_ask_a_little_of_everything_many_ask_all():
    short, _ = forecast(planner(1, path=PATH), State({}, set()), TODAY, Spent())
    concepts = {name.partition(".")[0] for name in short[0].new}
    assert len(concepts) > 0.8 * len(short[0].new), "each concept once, where there is one day"


# -- kept, and followed

NOW = datetime.now().astimezone().replace(hour=12)


def test_the_newest_plan_counts_until_it_is_dropped(tmp_path):
    plans = Plans(open_record(tmp_path / "record.db"))
    assert plans.aim() is None
    plans.make(Aim(1000, 1010, 60, "vision"), NOW)
    plans.make(Aim(1001, 1020, 30), NOW)
    assert plans.aim() == Aim(1001, 1020, 30)
    assert [plans.aim().number(day) for day in (990, 1001, 1019)] == [1, 1, 19]
    plans.drop(1002, NOW)
    assert plans.aim() is None


def test_today_follows_the_plan_and_lifts_the_limit(tmp_path):
    record = open_record(tmp_path / "record.db")
    day = NOW.date().toordinal()
    assert today(LIBRARY, record, NOW, Pace()).new == 10
    Plans(record).make(Aim(day, day + 10, 60, PATH), NOW)
    found = today(LIBRARY, record, NOW, Pace())
    assert found.new > 20 and found.agenda.number == 1
    assert {name.partition(".")[0] for name in found.agenda.left.new} <= set(LIBRARY.path(PATH).concepts)
    over = today(LIBRARY, record, NOW + timedelta(days=10), Pace())
    assert over.agenda is None and over.new == 10, "on the day itself the plan is over"
    assert over.the_day and not today(LIBRARY, record, NOW + timedelta(days=11), Pace()).the_day


def test_a_mock_interview_that_was_held_is_not_asked_for_again(tmp_path):
    from dlkata.progress.interviews import Did, Interviews

    record = open_record(tmp_path / "record.db")
    day = NOW.date().toordinal()
    Plans(record).make(Aim(day - 4, day + 1, 60, PATH), NOW)
    assert today(LIBRARY, record, NOW, Pace()).agenda.left.mock == 30
    held = Interviews(record)
    name = held.begin(NOW, {})
    held.add(name, Did.ENDED, NOW, {}, held.steps(name)[-1].id)
    left = today(LIBRARY, record, NOW, Pace()).agenda.left
    assert not left.mock and left.new, "its minutes are free again, as far as none were used"


def test_a_kata_that_is_nearly_done_says_what_is_to_go():
    from dlkata.ui.plan import _part, _short

    begun = planner(10, path=PATH).day(State({}, {"softmax"}, {"attention": 12.0}), TODAY).katas[0]
    assert (_part(begun), _short(begun)) == ("8 min to go", "attention 8 min to go")
    long = planner(10, minutes=40, path=PATH).day(State({}, {"softmax", "attention"}), TODAY).katas[0]
    assert _short(long) == f"mha {long.minutes}/30 min"


def test_home_says_each_thing_of_the_plan_once_and_fits_a_small_screen(tmp_path):
    from dlkata.progress.record import Kind
    from dlkata.study.next_step import Standing
    from dlkata.study.rounds import follow
    from dlkata.ui.home import home

    record, day = open_record(tmp_path / "record.db"), NOW.date().toordinal()
    Plans(record).make(Aim(day - 3, day + 7, 60, PATH), NOW - timedelta(days=3))
    for name, days, passed in (("softmax", 9, True), ("attention", 8, True), ("mha", 1, False)):
        at = NOW - timedelta(days=days)
        record.add(Kind.OPENED, name, at)
        record.add(Kind.CHECKED, name, at + timedelta(minutes=12), passed=passed)
        follow(record, LIBRARY.kata(name))
    found = today(LIBRARY, record, NOW, Pace())
    standing = Standing(LIBRARY.katas, {"softmax", "attention"}, {"mha": NOW})
    lines = [line.plain for line in home(standing, found, "dlkata", 80)]
    commands = [line.strip() for line in lines if line.startswith("    dlkata ")]
    assert len(set(commands)) == len(commands) and commands[0] == "dlkata check mha"
    assert {"dlkata reset softmax", "dlkata reset attention", "dlkata quiz"} <= set(commands)
    assert len(lines) <= 23 and "Day 4 of 10" in lines[1] and "min to go" in "".join(lines)


def test_a_quiz_asks_what_is_planned_first(dlkata):
    dlkata("plan", "--path", PATH, "--date", in_days(10))
    planned = json.loads(dlkata("plan", "--json").out)["today"]["new"]
    asked = json.loads(dlkata("quiz", "--json", stdin="q\n").out)["questions"]
    assert [question["id"] for question in asked] == planned[:10]


def test_the_pace_is_the_learners_own(tmp_path):
    from dlkata.progress.answers import Answer, Outcome
    from dlkata.study.agenda import speed_of
    from dlkata.study.scheduler import advance

    record = open_record(tmp_path / "record.db")
    answers, detail = Answers(record), {"kind": "choice", "level": 2}
    for number, name in enumerate(ids_of(PATH)[:60]):
        answers.add(Answer(name, Outcome.RIGHT, TODAY, rating=3, seconds=100, detail=detail), NOW, advance)
        if number < 40:
            answers.add(Answer(name, Outcome.RIGHT, TODAY + 3, rating=3, seconds=10, detail=detail), NOW, advance)  # fmt: skip
    answers.add(Answer("kata:adam", Outcome.RIGHT, TODAY, rating=3, seconds=4 * 30 * 60), NOW, advance)
    speed = speed_of(Plans(record), PAGES)
    assert speed.new > 1.5 and speed.review < 0.4 and speed.kata > 1.2 and speed.knows > 0.8
    assert speed_of(Plans(open_record(tmp_path / "new.db")), PAGES) == SPEED


def in_days(days: int) -> str:
    """From the learner's day, which ends at 4 a.m."""
    return ((datetime.now() - timedelta(hours=4)).date() + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (in_days(-1), "is past."),
        (in_days(0), "is today: there is no day left to plan."),
        (in_days(3652), "is more than a year away."),
        ("tomorrow", "`tomorrow` is no date."),
        ("2026-02-30", "`2026-02-30` is no date."),
        (date.max.isoformat(), "more than a year"),
    ],
)
def test_a_date_that_cannot_be_planned_is_one_sentence_and_changes_nothing(dlkata, given, said):
    ran = dlkata("plan", "--date", given)
    assert ran.code == 2 and said in ran.err and "Traceback" not in ran.err
    assert "There is no plan yet." in dlkata("plan").err


def test_a_plan_from_its_making_to_its_end(dlkata):
    assert dlkata("plan", "--date", in_days(3), "--minutes", "0").code == 2
    made = dlkata("plan", "--date", in_days(3), "--minutes", "45", "--path", "three-days")
    assert made.code == 0 and "Day 1 of 3" in made.out and "mock interview" in made.out
    assert max(map(len, made.out.splitlines())) <= 80
    assert "Day 1 of 3" in dlkata().out and json.loads(dlkata("--json").out)["plan"]["of"] == 3
    found = json.loads(dlkata("plan", "--minutes", "90", "--json").out)
    assert (found["minutes"], found["path"], len(found["days"])) == (90, "three_days", 2)
    assert "第 1/3 天" in dlkata("plan", "--lang", "zh").out
    later = json.loads(dlkata("plan", "--date", in_days(5), "--json").out)
    assert (later["minutes"], later["path"], later["of"]) == (90, "three_days", 5), (
        "only the date has changed"
    )
    assert json.loads(dlkata("--json").out)["next"] == "softmax", "the first kata of the path"
    assert dlkata("plan", "--drop", "--minutes", "30").code == 2
    assert "no plan any more" in dlkata("plan", "--drop").out
    assert "Day 1" not in dlkata().out and dlkata("plan", "--drop").code == 2


def test_on_the_day_itself_home_and_plan_say_so_and_ask_only_for_what_is_due(dlkata, home):
    from dlkata.progress.answers import Answer, Outcome
    from dlkata.study.scheduler import advance

    day = date.fromisoformat(in_days(0)).toordinal()
    record = open_record(home / "data" / "record.db")
    Plans(record).make(Aim(day - 3, day, 60, PATH), NOW - timedelta(days=3))
    for command in ((), ("plan",)):
        ran = dlkata(*command)
        assert ran.code == 0 and "Today is the day your plan led to." in ran.out
        assert "Nothing is left to refresh." in ran.out and "Begin with" not in ran.out
    Answers(record).add(Answer("sqrt_dk.purpose", Outcome.WRONG, day - 3, rating=1), NOW, advance)
    for command in ((), ("plan",)):
        ran = dlkata(*command, LC_ALL="zh_CN.UTF-8")
        assert "就是今天" in ran.out and "巩固 1" in ran.out and "quiz --due" in ran.out
    assert json.loads(dlkata("plan", "--json").out)["is_today"] and json.loads(dlkata("--json").out)["plan"]


def test_a_row_breaks_between_things_and_one_day_more_is_one_day():
    from dlkata.study.planning import Day, Part
    from dlkata.ui.plan import _row

    day = Day(TODAY, ["a"] * 29, [Part("transformer_block", 11, 24, done=False)], ["b"] * 13)
    for width in range(40, 60):
        rows = [row.plain for row in _row(day, width)]
        assert max(map(len, rows)) <= width and any(
            row.endswith("transformer-block 11/24 min") for row in rows
        )
