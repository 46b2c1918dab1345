"""`dlkata stats`: what is known, done, coming and to be repaired, from a record prepared by hand."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from bank import sample_library

from dlkata.locale import use_language
from dlkata.progress.answers import Answer, Answers, Outcome
from dlkata.progress.record import Kind, open_record
from dlkata.study.mastery import Mark, mastery
from dlkata.study.scheduler import advance
from dlkata.study.statistics import AHEAD, statistics
from dlkata.ui.calendar import HEIGHTS, calendar, height, shade
from dlkata.ui.stats import overview, topic_pages
from dlkata.ui.stats_json import stats_as_json

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
DAY = NOON.date().toordinal()


@pytest.fixture
def record(tmp_path):
    record = open_record(tmp_path / "record.db")
    record.connection.execute("PRAGMA synchronous = OFF")
    return record


def answer(record, library, name, right, back=0, option=1):
    question, day = library.question(name), DAY - back
    chosen = question.right if right else [option]
    Answers(record).add(
        Answer(name, Outcome.RIGHT if right else Outcome.WRONG, day, rating=3 if right else 1, seconds=120,
               content=question.content, detail={"chosen": list(chosen), "kind": question.kind.value}),
        NOON - timedelta(days=back), advance,
    )  # fmt: skip


def told(record, library=None, passed=(), begun=()):
    return statistics(mastery(library or sample_library(), record, DAY), record, set(passed), set(begun))


def plain(lines):
    return "\n".join(line.plain for line in lines)


def test_a_newcomer_is_shown_where_to_begin(record):
    screen = plain(overview(told(record), "dlkata", 80))
    assert "○ 3 new" in screen and "practised on 0 of the last 14 days" in screen
    assert "Begin: dlkata quiz" in screen and "What you did" not in screen
    assert told(None).known.seen == 0


def test_a_learner_sees_what_is_known_done_coming_and_to_repair(record):
    library = sample_library()
    for back in (9, 7):
        answer(record, library, "alphabet.sorted", right=True, back=back)
    answer(record, library, "coins.memory", right=False)
    answer(record, library, "coins.memory", right=False)
    stats = told(record, library)
    assert [row.entry.name for row in stats.weakest] == ["coins"]
    assert [(row.question.id, row.option, row.times) for row in stats.traps] == [("coins.memory", 1, 2)]
    assert stats.progress.practised == 3 and stats.fortnight.answered == 4
    assert len(stats.coming) == AHEAD and sum(load.questions for load in stats.coming) == 2
    screen = plain(overview(stats, "dlkata", 80))
    assert "2 × Coins" in screen and "gambler's fallacy" in screen and "dlkata why coins" in screen
    assert "Today so far" not in screen and "So far today: 4 min · 2 answers, 0% right" in screen
    assert "Last 14 days: 8 min · 4 answers, 50% right" in screen
    for width in (40, 60, 80, 100):
        rows = [line.plain for line in overview(stats, "dlkata", width)]
        assert [row for row in rows if len(row.rstrip()) > width] == []


def test_a_trap_is_forgotten_once_its_question_is_known_or_another(record):
    library = sample_library()
    answer(record, library, "coins.memory", right=False, back=30)
    for back in (20, 16, 9, 1):
        answer(record, library, "coins.memory", right=True, back=back)
    assert mastery(library, record, DAY).question("coins.memory") is Mark.KNOWN
    assert told(record, library).traps == []
    answer(record, library, "coins.memory", right=False)
    assert told(record, library).traps[0].times == 2
    record.connection.execute("UPDATE traps SET content = 'written anew'")
    assert told(record, library).traps == []


def test_each_concept_of_a_topic_is_listed(record):
    answer(record, sample_library(), "coins.memory", right=True)
    screen = plain(topic_pages(told(record), ["arith"], 80))
    assert "◐" in screen and "coins" in screen and "sums" in screen and "alphabet" not in screen
    assert "● known  ◐ learning  ○ new" in screen


def test_the_calendar_stands_higher_for_more_minutes(record):
    library = sample_library()
    for number in range(30):
        answer(record, library, "coins.memory", right=number % 3 > 0, back=1)
    answer(record, library, "coins.memory", right=True, back=0)
    days = {day.day: day for day in told(record, library).days}
    assert [height(days.get(DAY - back)) for back in (0, 1, 2)] == [1, 4, 0]
    assert [shade(days.get(DAY - back)) for back in (0, 1, 2)] == ["good", "fair", "none"]
    rows = [line.plain.split() for line in calendar(DAY, days, 80)]
    assert rows[2][0] == "Tue" and rows[2][-1] == HEIGHTS[4] and rows[3][-1] == HEIGHTS[1]
    assert len(rows[4]) == len(rows[3]) - 1  # Thursday is to come


def test_json_holds_everything_and_is_the_same_in_any_language_but_for_words(record):
    library = sample_library()
    answer(record, library, "coins.memory", right=False)
    found = stats_as_json(told(record, library))
    assert found["date"] == "2026-03-04" and found["concepts"] == {"known": 0, "learning": 1, "new": 2}
    assert found["days"] == [
        {"date": "2026-03-04", "right": 0, "wrong": 1, "checks": 0, "passes": 0, "minutes": 2.0}
    ]
    assert found["traps"][0]["question"] == "coins.memory" and found["weakest"] == ["coins"]
    use_language("zh")
    other = stats_as_json(told(record, library))
    assert {k: v for k, v in other.items() if k not in ("topics", "traps")} == {
        k: v for k, v in found.items() if k not in ("topics", "traps")
    }
    assert stats_as_json(told(record, library), ["words"])["weakest"] == []


def test_the_command(dlkata, home):
    record = open_record(home / "data" / "record.db")
    record.add(Kind.CHECKED, "adam", datetime.now(UTC), passed=False)
    record.close()
    shown = dlkata("stats")
    assert shown.code == 0 and "adam · 1 check" in shown.out and "Optimisation" in shown.out
    found = json.loads(dlkata("stats", "--json").out)
    assert found["katas"][0] | {"name": "adam"} == found["katas"][0] and found["practised_of_14_days"] == 1
    assert "掌握" in dlkata("stats", "attention", "--lang", "zh").out
    moved = dlkata("quiz", "-n", "1", "--concept", "adam", stdin="x\n").out
    assert "What moved" in moved and "◐ begun: Adam" in moved
    found = json.loads(dlkata("quiz", "-n", "1", "--new", "--concept", "sqrt-dk", "--json", stdin="x\n").out)
    assert [move["concept"] for move in found["moved"]] == ["sqrt_dk"]
    assert json.loads(dlkata("--json").out)["concepts"]["learning"] >= 2
    assert "Did you mean" in dlkata("stats", "atention").err
    (home / "data" / "record.db").unlink()
    for companion in (home / "data").glob("record.db-*"):
        companion.unlink()
    (home / "data" / "record.db").mkdir()
    assert dlkata("stats").code == 0  # nothing stops for a record that cannot be used
