"""Two machines of one learner: whatever is exported and imported, nothing is lost and nothing is there twice."""

import sqlite3
from collections import Counter
from random import Random

import pytest
from machines import START, Machine

from dlkata.errors import DlkataError
from dlkata.progress.order import steady
from dlkata.progress.record import Kind
from dlkata.progress.tables import COMPUTED, HOLDS, KEPT_BY_CONTENT, TABLES
from dlkata.study.scheduler import advance


@pytest.fixture
def home(tmp_path):
    return Machine(tmp_path / "home")


@pytest.fixture
def office(tmp_path):
    return Machine(tmp_path / "office", START.replace(hour=13))


def practise(machine, katas="ab", question="coins.heads"):
    for kata in katas:
        machine.check(kata, passed=False, source=f"{kata} tried\n")
        machine.rewrite(kata)
    machine.session(question, "sums.even")
    machine.session(question, right=False)
    machine.answers.undo(2, machine.now, advance, lambda name: [])


def facts(machine):
    """The rows without their numbers: what they say, however often they say it."""
    events = [row[1:] for row in machine.rows("events")]
    asked = """
        SELECT a.at, a.question, a.outcome, a.rating, s.at, b.at, e.at FROM answers AS a
        LEFT JOIN sessions AS s ON s.id = a.session LEFT JOIN answers AS b ON b.id = a.undoes
        LEFT JOIN events AS e ON e.id = json_extract(a.detail, '$.event')
    """
    answers = machine.record.connection.execute(asked).fetchall()
    sessions = [row[1:7] for row in machine.rows("sessions")]
    return (
        Counter(events),
        Counter(answers),
        Counter(sessions),
        machine.rows("cards"),
        machine.rows("sources"),
    )


def test_an_empty_home_becomes_the_same_home(home, office):
    practise(home)
    office.take(home.export())
    assert office.everything() == home.everything()


def test_importing_twice_changes_nothing(home, office):
    practise(home)
    file = home.export()
    office.take(file)
    once = office.everything()
    again = office.take(file)
    assert office.everything() == once
    assert sum(again.merged.added.values()) == 0 and again.backup is None
    home.take(file)
    assert home.everything() == once, "what came from here is known here"


def test_both_go_on_and_each_takes_over_from_the_other(home, office):
    practise(home)
    office.take(home.export())
    home.check("a", passed=True, source="at home\n")
    home.session("coins.heads")
    office.now = home.now
    office.rewrite("c")
    office.session("coins.heads", right=False)
    home.pause(hours=3)
    home.rewrite("d")
    there, here = home.export(), office.export()
    home.take(here)
    office.take(there)
    assert facts(home) == facts(office)
    assert home.everything() == office.everything()
    assert len(home.rows("events")) == 7 and len(home.rows("answers")) == 4 + 2 + 4


def test_what_happened_between_stands_between(home, office):
    """A reset at home, a pass in the office before it: the kata is still begun again."""
    practise(home)
    office.take(home.export())
    office.now = home.now
    home.pause(hours=2)
    home.record.add(Kind.RESET, "a", home.now)
    home.rewrite("b")
    office.check("a", passed=True)
    assert home.record.begun_again("a")
    home.take(office.export())
    assert home.record.begun_again("a") and home.record.last_kata()[0] == "b"
    times = [row[1] for row in home.rows("events")]
    assert times == sorted(times)
    assert all(passed == kata for kata, passed in passes(home))
    since = "SELECT thing, 'kata:' || kata FROM remarks AS r JOIN interview_steps AS s ON s.at = r.at JOIN events AS e ON e.id = json_extract(s.detail, '$.since')"
    rows = home.record.connection.execute(since).fetchall()
    assert len(rows) == 3 and all(thing == kata for thing, kata in rows)


def passes(machine):
    """The katas of answers, and those of the events they refer to."""
    return machine.record.connection.execute(
        "SELECT substr(question, 6), kata FROM answers JOIN events ON events.id = json_extract(answers.detail, '$.event')"
    ).fetchall()


def test_two_rows_that_are_alike_stay_two(home, office):
    for _time in range(3):
        home.record.add(Kind.OPENED, "a", START)
    office.record.add(Kind.OPENED, "a", START)
    office.take(home.export())
    assert len(office.rows("events")) == 3
    home.take(office.export())
    assert len(home.rows("events")) == 3


def test_an_answer_taken_back_on_one_machine_is_taken_back_on_both(home, office):
    home.session("coins.heads")
    office.take(home.export())
    home.pause(minutes=1)
    home.answers.undo(1, home.now, advance, lambda name: [])
    office.now = home.now
    office.session("sums.even")
    office.take(home.export())
    assert [a.outcome for a in office.answers.of_question("coins.heads")] == []
    assert office.answers.card("coins.heads") is None and office.answers.card("sums.even") is not None


def test_a_session_that_ended_elsewhere_is_ended(home, office):
    sitting = home.answers.sittings.begin(home.now, 5, 1, {}, ["coins.heads"])
    office.take(home.export())
    assert [row[7:] for row in office.rows("sessions")] == [(None, 0)], "no process here is asking it"
    home.answers.sittings.leave(sitting.id, ended=True)
    office.take(home.export())
    assert [row[8] for row in office.rows("sessions")] == [1]
    office.take(home.export())
    assert len(office.rows("sessions")) == 1


def test_a_card_is_computed_from_the_answers_of_both(home, office):
    home.session("coins.heads")
    office.now = home.now
    office.pause(days=3)
    office.session("coins.heads")
    office.take(home.export())
    card = office.answers.card("coins.heads")
    assert card.answers == 2 and card.last - card.first == 3


def test_answers_under_a_former_name_count_for_the_question(home, office, monkeypatch):
    renamed = [("coins.penny", "coins.heads")]
    monkeypatch.setattr("dlkata.content.index.Index.renamed", lambda self: iter(renamed))
    home.session("coins.penny")
    home.answers.rename("coins.penny", "coins.heads")
    office.now = home.now
    office.pause(days=2)
    office.session("coins.heads")
    office.take(home.export())
    assert [card[0] for card in office.rows("cards")] == ["coins.heads"]
    assert office.answers.card("coins.heads").answers == 2


@pytest.mark.parametrize("seed", range(6))
def test_three_machines_that_meet_at_random_agree_in_the_end(tmp_path, seed):
    rng = Random(seed)
    machines = [Machine(tmp_path / str(n)) for n in range(3)]
    clock, added = START, 0
    for _step in range(20):
        machine, other = rng.sample(machines, 2)
        clock = machine.now = max(clock, *(m.now for m in machines))
        if rng.random() < 0.3:
            machine.take(other.export())
        elif rng.random() < 0.5:
            machine.rewrite(rng.choice("abc"))
            added += 1
        else:
            machine.session(rng.choice(["coins.heads", "sums.even"]), right=rng.random() < 0.5)
    for _round in range(2):
        for machine in machines:
            for other in machines:
                if machine is not other:
                    machine.take(other.export())
    one, two, three = (machine.everything() for machine in machines)
    assert one == two == three
    assert len(one["events"]) == added


def test_a_clock_that_jumped_does_not_shuffle_a_machines_own_history(home, office):
    home.check("a", passed=False)
    home.pause(days=4000)
    home.check("b", passed=True)  # the clock was wrong
    home.now = START.replace(hour=15)
    home.record.add(Kind.RESET, "b", home.now)
    office.pause(hours=1)
    office.check("c", passed=True)
    office.take(home.export())
    assert [row[4] for row in office.rows("events")] == ["a", "b", "c", "b"]
    assert office.record.begun_again("b")
    home.take(office.export())
    assert facts(home) == facts(office)


@pytest.mark.parametrize(
    ("times", "believed"),
    [
        ("", ""),
        ("abc", "abc"),
        ("abzcd", "abbcd"),
        ("abacd", "aaacd"),
        ("zab", "\0ab"),
        ("aab", "aab"),
        ("ab", "ab"),
    ],
)
def test_times_are_believed_where_they_never_go_back(times, believed):
    assert "".join(time or "\0" for time in steady(list(times))) == believed


def test_an_import_waits_for_no_quiz_and_disturbs_none(home, office, monkeypatch):
    practise(home)
    file = home.export()
    monkeypatch.setattr("dlkata.progress.sittings._alive", lambda holder: holder is not None)
    office.record.connection.execute(
        "INSERT INTO sessions (at, utc_offset, day, seed, wish, plan, holder) VALUES (?, 0, ?, 1, '{}', '[\"x\"]', 1)",
        (START.isoformat(), START.date().toordinal()),
    )
    with pytest.raises(DlkataError, match="quiz is open"):
        office.take(file)
    assert office.rows("events") == []


def test_every_table_says_how_it_moves(home):
    """A migration that adds a table or a column has to say what it means to another machine."""
    tables = {
        row[0]
        for row in home.record.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    assert tables == {table.name for table in TABLES} | {*COMPUTED, *KEPT_BY_CONTENT}
    for table in TABLES:
        columns = {row[1] for row in home.record.connection.execute(f"PRAGMA table_info({table.name})")}
        assert columns == {"id", *table.identity, *table.latest, *table.own}
        assert columns - {"id", *table.own} <= HOLDS.keys()


def test_what_cannot_be_written_leaves_everything_as_it_was(home, office, monkeypatch):
    practise(home)
    file = home.export()
    office.rewrite("z")
    before = office.everything()

    def full(*_arguments):
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    monkeypatch.setattr("dlkata.study.moving.keep_as_before_import", full)
    with pytest.raises(DlkataError, match="cannot be used"):
        office.take(file)
    assert office.everything() == before
    assert len(office.answers.of_question("kata:z")) == 1
