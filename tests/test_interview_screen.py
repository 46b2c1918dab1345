"""`dlkata interview` as a learner meets it: in a terminal, in a pipe, beside other commands, in both languages."""

import json
import os
import re
import sqlite3
import sys
from datetime import UTC, datetime, timedelta

import pexpect
import pytest
from rich.cells import cell_len

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SHORT = ("--minutes", "5", "--seed", "3")
WITH_KATA = ("--minutes", "45", "--seed", "3")


@pytest.fixture
def interview(dlkata, home):
    def run(*arguments: str, answers: str = "", **options: str):
        return dlkata("interview", *arguments, stdin=answers, **options)

    return run


def only_left(home, seconds: float, minutes: int) -> None:
    """The interview was begun so long ago that only these seconds are left."""
    record = sqlite3.connect(home / "data" / "record.db")
    begun = datetime.now(UTC) - timedelta(seconds=minutes * 60 - seconds)
    record.execute("UPDATE interview_steps SET at = ?", (begun.isoformat(timespec="milliseconds"),))
    record.commit()
    record.close()


def tasks_of(interview) -> list[dict]:
    return json.loads(interview("--json").out)["tasks"]


def test_from_the_first_question_to_the_scorecard_in_a_pipe(interview):
    ran = interview(*SHORT, answers="x\nh\nx\nmy words\na b\n")
    assert ran.code == 0 and "Traceback" not in ran.err, ran
    assert "Interview · 5 minutes" in ran.out and "No kata in scope fits into this time." in ran.out
    assert "Quick 1/2 · par " in ran.out and "5:00 left" in ran.out
    before, _scorecard, after = ran.out.partition("Scorecard")
    assert before.index("Which of these did you say?") < before.index("✗ Not known yet.")
    assert "of 100 points" in after and "finished" in after and "To repair" in after
    assert re.search(r"Quick +0 of 2 +0\.0 of 54\.5 +0:0\d / 2:10 +1", after)
    assert "They come back: " in after
    assert max(cell_len(line) for line in ran.out.split("\n")) <= 82 and "\x1b" not in ran.out


def test_in_chinese(interview):
    ran = interview(*SHORT, "--lang", "zh", answers="x\nx\n我的回答\n全部\n")
    assert "模拟面试 · 5 分钟" in ran.out and "评分表" in ran.out and "复习计划已更新" in ran.out
    assert "剩余 5:00" in ran.out and "快问快答 1/2" in ran.out
    assert max(cell_len(line) for line in ran.out.split("\n")) <= 82
    assert CHINESE.search(interview("--history", "--lang", "zh").out)


def test_the_end_of_input_leaves_it_running_and_it_goes_on(interview):
    left = interview(*SHORT, answers="x\n")
    assert "Your interview goes on: " in left.out and "Scorecard" not in left.out
    assert "Going on with your interview: " in (again := interview(answers="x\n")).out
    assert "Quick 2/2" in again.out and "Quick 1/2" not in again.out.partition("Quick 2/2")[0]
    refused = interview(*SHORT)
    assert refused.code == 2 and "An interview is running: " in refused.err and "--end" in refused.err
    ended = interview("--end")
    assert "ended early" in ended.out and interview("--end").code == 2
    assert "No interview is running." in interview("--end").err


def test_whoever_leaves_at_the_key_points_comes_back_to_them(interview):
    left = interview(*SHORT, answers="x\nx\nmy words\nz\nq\n")
    assert "Please type one of these:" in left.out and "Your interview goes on: " in left.out
    again = interview(answers="a\n\n\n").out
    assert "Which of these did you say?" in again and "Scorecard" in again


def test_history_and_json(interview):
    assert "No interview yet." in interview("--history").out
    told = json.loads(interview(*SHORT, "--json", answers="x\nx\n\nnone\n").out)
    assert told["running"] is False and told["scorecard"]["points"] == 0
    assert [task["part"] for task in told["tasks"]] == ["quick", "quick", "aloud"]
    listed = json.loads(interview("--history", "--json").out)
    assert [one["interview"] for one in listed] == [told["interview"]] and listed[0]["minutes"] == 5
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d +5 +0", interview("--history").out)


def test_one_that_ran_out_while_one_was_away_is_closed_and_told(interview, home):
    interview(*SHORT, answers="x\n")
    only_left(home, -60, 5)
    ran = interview()
    assert "The interview you left is over: its time was up." in ran.out
    assert "✗ Still open at the end." in ran.out and "time was up" in ran.out.partition("Scorecard")[2]
    assert interview("--end").code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--minutes", "0"], "5<=x<=180"),
        (["--minutes", "-5"], "5<=x<=180"),
        (["--minutes", "1000000"], "5<=x<=180"),
        (["--minutes", "ten"], "integer"),
        (["--level", "4"], "1<=x<=3"),
        (["--topic", "atention"], "Did you mean attention"),
        (["--path", "nowhere"], "no path"),
        (["--history", "--minutes", "5"], "stand alone"),
        (["--history", "--end"], "stand alone"),
    ],
)
def test_used_wrongly_is_said_in_one_sentence(interview, arguments, said):
    ran = interview(*arguments)
    assert ran.code == 2 and said in ran.err and "Traceback" not in ran.err, ran


def test_without_a_record_there_is_none(interview, home):
    (home / "data" / "record.db").mkdir(parents=True)
    ran = interview(*SHORT)
    assert ran.code == 2 and "An interview is kept in your record" in ran.err


def test_other_commands_show_what_is_left_and_what_a_hint_costs(interview, dlkata):
    assert "Interview" not in dlkata("hint", "adam").out
    kata = next(
        task["name"] for task in tasks_of(lambda *a: interview(*WITH_KATA, *a)) if task["part"] == "kata"
    )
    before = len([task for task in tasks_of(interview) if task["part"] in ("quick", "aloud")])
    assert "each hint costs" not in dlkata("hint", kata).out, "it is not asked yet"
    answers = "".join("x\n" for _question in range(before))
    at_kata = interview(answers=answers)
    assert "c check · h hint · e editor" in at_kata.out and f"watch {kata.replace('_', '-')}" in at_kata.out
    assert "each hint costs 5 points" in dlkata("hint", kata).out
    assert re.search(r"Interview: 4\d:\d\d left\. Back to it: .*dlkata interview", dlkata().out)
    checked = dlkata("check", kata)
    assert re.search(r"Interview: 4\d:\d\d left", checked.out), checked
    assert 2000 < json.loads(dlkata("check", kata, "--json").out)["interview"]["left"] < 2700
    assert re.search(r"面试剩余 4\d:\d\d", dlkata("check", kata, "--lang", "zh").out)
    done = json.loads(interview("--json", answers="d\nx\nx\nx\n").out)
    result = next(task for task in done["tasks"] if task["part"] == "kata")
    assert done["scorecard"]["passed"] is False and result["hints"] == 1
    assert "Interview" not in dlkata().out


@pytest.fixture
def terminal(home):
    def start(*arguments: str, **environment: str) -> pexpect.spawn:
        return pexpect.spawn(
            sys.executable, ["-m", "dlkata", *arguments], encoding="utf-8", timeout=60, dimensions=(40, 80),
            env={**os.environ, "TERM": "xterm-256color", **environment},
        )  # fmt: skip

    return start


def test_the_clock_ticks_where_one_types_and_ends_it(terminal, interview, home):
    screen = terminal("interview", *SHORT)
    screen.expect_exact("Enter: begin · q not now > ")
    screen.sendline("")
    screen.expect_exact("Quick 1/2")
    screen.expect(r"4:5(\d) > ")
    screen.sendline("x")
    screen.expect_exact("Quick 2/2")
    screen.sendline("q")
    screen.expect_exact("The clock goes on while you are away.")
    screen.sendline("l")
    screen.expect_exact("Your interview goes on: 4:5")
    screen.expect(pexpect.EOF)
    only_left(home, 4, 5)
    screen = terminal("interview")
    screen.expect(r"Going on with your interview: 0:0\d left")
    screen.expect(r"0:01 > ")
    screen.expect_exact("Time is up.")
    screen.expect_exact("✗ Still open at the end.")
    screen.expect_exact("Scorecard")
    screen.expect_exact("5:00 of 5:00 · time was up")
    screen.expect(pexpect.EOF)


def test_not_now_is_no_interview(terminal, interview):
    screen = terminal("interview", *SHORT)
    screen.expect_exact("Enter: begin")
    screen.sendline("q")
    screen.expect(pexpect.EOF)
    assert interview("--end").code == 2


def test_a_dumb_terminal_is_ended_too(terminal, interview, home):
    interview(*SHORT)
    only_left(home, 3, 5)
    screen = terminal("interview", TERM="dumb")
    screen.expect_exact("Quick 1/2")
    screen.expect_exact("Time is up.")
    screen.expect_exact("Scorecard")
    screen.expect(pexpect.EOF)


def test_a_killed_terminal_loses_nothing(terminal, interview):
    screen = terminal("interview", *SHORT)
    screen.expect_exact("Enter: begin")
    screen.sendline("")
    screen.expect(r"4:5\d > ")
    screen.sendline("x")
    screen.expect_exact("Quick 2/2")
    screen.kill(9)
    screen.wait()
    assert "Quick 2/2" in interview(answers="x\n").out
