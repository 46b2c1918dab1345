"""The quiz as a learner meets it: in a terminal, in a pipe, in both languages, with all they may type."""

import json
import os
import re
import shutil
import sys

import pexpect
import pytest
from bank import SAMPLE

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def quiz(dlkata, home):
    """`dlkata quiz` of the sample concepts alone."""
    (home / "data").mkdir()
    (home / "data" / "config.toml").write_text(f'packs = ["{SAMPLE}"]\n', encoding="utf-8")

    def run(*arguments: str, answers: str = "", **options: str):
        return dlkata("quiz", "arith", "words", *arguments, stdin=answers, **options)

    return run


def told(ran) -> dict:
    return json.loads(ran.out)


def test_a_question_its_feedback_and_the_end(quiz):
    ran = quiz("--seed", "1", answers="a\n")
    assert ran.code == 0 and "Traceback" not in ran.err
    assert "1/6 · Arithmetic · level 2" in ran.out and "A fair coin fell on heads three times." in ran.out
    assert "> a" in ran.out, "a transcript shows what was answered"
    assert re.search(r"✓ Right\.|✗ Wrong\.", ran.out)
    assert "Tosses are independent" in ran.out and "½ whatever came before" in ran.out
    assert "why sample/coins" in ran.out and "Comes back" in ran.out
    assert "1 answered" in ran.out and "5 left" in ran.out and "Due next" in ran.out


def test_the_end_of_input_at_any_point_saves_and_ends_well(quiz):
    for answers in ("", "\n", "a", "zzz\n", "h\n"):
        ran = quiz("--fresh", answers=answers)
        assert ran.code == 0, ran
        assert "answered" in ran.out
    assert quiz("--json").code == 0


@pytest.mark.parametrize("typed", ["", "zz", "9", "-1", "1.5", "a b c d e f", "\x01", "ab", "！？"])
def test_what_makes_no_sense_is_asked_again_with_the_keys(quiz, typed):
    ran = quiz("--seed", "1", answers=f"{typed}\nq\n")
    assert ran.code == 0 and "Please type one of these:" in ran.out
    assert ran.out.count("a to c · h hint · ? skip") == 2
    assert "0 answered" in ran.out


def test_bytes_that_are_no_text_are_asked_again(quiz, home):
    import subprocess

    done = subprocess.run(
        [sys.executable, "-m", "dlkata", "quiz", "arith"], input=b"\xff\xfe\n" * 3, capture_output=True, env=os.environ
    )  # fmt: skip
    assert done.returncode == 0 and b"Traceback" not in done.stderr, done


def test_a_session_is_left_and_gone_on_with(quiz):
    first = quiz(answers="a\nq\n")
    assert "5 left" in first.out
    again = quiz(answers="q\n")
    assert "Going on with the session you left: 1 of 6 done." in again.out and "2/6" in again.out
    assert "1/5" in quiz("--fresh", answers="q\n").out


def test_left_sessions_are_listed_and_an_older_one_is_not_resumed_unasked(quiz, dlkata):
    older = told(dlkata("quiz", "words", "--json", stdin="x\n"))["session"]
    assert "2 answered" in dlkata("quiz", "arith", "-n", "2", stdin="x\nx\n").out
    ran = dlkata("quiz", "--concept", "sample/sums", stdin="x\nq\n")
    assert "Going on" not in ran.out and f"quiz --resume {older}" in ran.out
    assert re.search(r"\d\d:\d\d · Words · 1 of 2 done", ran.out)
    newest = dlkata("quiz", stdin="q\n")
    assert "Going on with the session you left: 1 of" in newest.out, "the newest is gone on with"
    assert "Left today" in newest.out and f"--resume {older}" in newest.out
    assert (
        told(dlkata("quiz", "arith", "-n", "1", "--json", stdin="x\n"))["left_sessions"][-1]["session"]
        == older
    )
    assert "Going on" not in dlkata("quiz", "-n", "1", stdin="q\n").out
    assert "Left today" not in dlkata("quiz", "--fresh", stdin="q\n").out
    again = dlkata("quiz", "--resume", str(older), stdin="x\n1\n")
    assert "1 of 2 done" in again.out and "2/2" in again.out
    assert dlkata("quiz", "--resume", str(older), stdin="").code == 2, "it is finished"
    assert dlkata("quiz", "words", "--resume", "1", stdin="").code == 2
    assert "今天没做完的" in dlkata("quiz", "-n", "1", "--lang", "zh", stdin="q\n").out


def test_a_session_that_was_closed_at_once_is_not_listed(quiz):
    quiz("-n", "3", answers="q\n")
    quiz("-n", "4", answers="q\n")
    assert "Left today" not in quiz("-n", "5", answers="q\n").out


def test_skip_undo_hint_and_dont_know(quiz):
    ran = quiz("--seed", "1", answers="?\nu\nh\nx\nu\na\nq\n")
    assert ran.out.count("1/6") == 3, "undone twice"
    assert "A fair coin has no memory" in ran.out and "All of it" in ran.out
    assert "✗ Not known yet." in ran.out
    assert "1 answered" in ran.out and "skipped" not in ran.out


def test_undo_in_the_beginning_is_said(quiz):
    assert "There is nothing to undo" in quiz(answers="u\nq\n").out


def test_every_kind_is_asked_answered_and_explained(quiz):
    """In the order of learning: choice, order, predict, recall, number, multi."""
    asked = told(quiz("--seed", "3", "--json"))["questions"]
    kinds = [question["kind"] for question in asked]
    assert kinds == ["choice", "order", "predict", "recall", "number", "multi"]
    assert asked[4]["unit"] == "heads" and "{{" not in asked[4]["prompt"]
    tosses = int(re.search(r"do (\d+) tosses", asked[4]["prompt"])[1])

    def keys(number: int, *texts: str) -> str:
        options = asked[number]["options"]
        return " ".join(next(key for key, text in options.items() if text == wanted) for wanted in texts)

    answers = [
        keys(0, "Tosses are independent: the coin keeps no record."),
        keys(1, "K", "M", "T"),
        keys(2, "`10`"),
        "so that one can search",
        "5",
        "3",
        str(tosses // 2),
        keys(5, "two odd numbers", "two even numbers"),
    ]
    ran = quiz("--seed", "3", answers="\n".join(answers) + "\n")
    assert "6 answered: 6 right, 0 wrong" in ran.out, ran.out
    assert "Please type 1, 2, 3 or 4." in ran.out and "A good answer says:" in ran.out
    wrong = quiz(
        "--seed", "3", "--fresh", "--concept", "sample/sums", "--concept", "sample/coins", answers="q\n"
    )
    assert wrong.code == 0


def test_wrong_answers_get_their_own_feedback(quiz):
    asked = told(quiz("--seed", "5", "--concept", "sample/coins", "--json"))["questions"]
    tosses = re.search(r"do (\d+) tosses", next(q for q in asked if q["kind"] == "number")["prompt"])[1]
    answers = [tosses if q["kind"] == "number" else next(k for k, t in q["options"].items() if "must make up" in t) for q in asked]  # fmt: skip
    out = quiz("--seed", "5", "--concept", "sample/coins", answers="\n".join(answers) + "\n").out
    assert "That would need a coin with two heads." in out and f"It is {int(tosses) // 2} heads." in out
    assert "gambler's fallacy" in out and "is right: Tosses are independent" in out
    assert out.index("gambler's fallacy") < out.index("is right: Tosses")


def test_one_json_object_tells_everything(quiz):
    found = told(quiz("--seed", "1", "--json", answers="a\nb\nb a c\n"))
    assert (found["answered"], found["left"], len(found["questions"]), found["seed"]) == (2, 4, 6, 1)
    assert found["answers"][0]["question"] == "sample/coins.memory"
    assert found["answers"][0]["outcome"] in ("right", "wrong") and found["answers"][0]["feedback"]
    assert (
        found["answers"][0]["due"] == found["next_due"][0]["date"]
        or found["answers"][0]["outcome"] == "right"
    )


def test_an_exam_tells_nothing_until_its_end(quiz):
    ran = quiz("--exam", "-n", "3", "--seed", "2", answers="x\nx\nx\n")
    head, _score, tail = ran.out.partition("Score: 0 of 3 (0%)")
    assert tail, ran.out
    asked = head[: head.rindex("> x")]
    assert "✗" not in asked and "Comes back" not in asked and "h hint" not in asked
    assert "Exam: 3 questions in" in asked and "left · Arithmetic" in asked
    assert head.count("✗ Not known yet.") == 3 and "Look at" in tail
    left = quiz("--exam", "-n", "3", "--seed", "4", answers="x\n")
    assert "Score" not in left.out and "✗" not in left.out and "2 left" in left.out
    assert "Score: 0 of 3" in quiz("--exam", "-n", "3", "--seed", "4", answers="x\nx\n").out


def test_an_exam_of_what_is_due_asks_no_more_than_what_is_due(quiz):
    for arguments in (("--due",), ("--due", "--exam")):
        assert "Nothing is due here" in quiz(*arguments).out
    quiz("--new", answers="x\nx\nx\nx\nx\nx\n")
    assert "Nothing is due here" in quiz("--due", "--exam").out
    assert "nothing is new" in quiz("--new", "--exam").out


def test_one_question_is_one_question(quiz):
    assert "Exam: 1 question in 0:" in quiz("--exam", "-n", "1", "--seed", "2", answers="q\n").out
    assert "Exam: 2 questions in" in quiz("--exam", "-n", "2", answers="q\n").out
    assert "考试：1 道题" in quiz("--exam", "-n", "1", "--lang", "zh", answers="q\n").out


def test_a_topic_without_questions_says_so(dlkata, quiz, tmp_path, home):
    (tmp_path / "bare" / "questions" / "void").mkdir(parents=True)
    page = "+++\norder = 999\n+++\n# en: The void\n# zh: 空\n"
    (tmp_path / "bare" / "questions" / "void" / "README.md").write_text(page, encoding="utf-8")
    (home / "data" / "config.toml").write_text(f'packs = ["{tmp_path / "bare"}"]\n', encoding="utf-8")
    ran = dlkata("quiz", "void", stdin="")
    assert ran.code == 0 and "There are no questions on this yet." in ran.out
    assert "Topics with questions: " in ran.out and "void" not in ran.out


def test_what_comes_next_tells_katas_from_questions(quiz, home):
    from datetime import datetime

    from dlkata.progress.record import Kind, open_record

    quiz(answers="x\nx\nq\n")
    record = open_record(home / "data" / "record.db")
    for name in ("adam", "lstm"):
        record.add(Kind.HINTED, name, datetime.now().astimezone(), rung=1)
        record.add(Kind.CHECKED, name, datetime.now().astimezone(), passed=True)
    ran = quiz("--fresh", answers="q\n").out
    assert re.search(r"Due next: tomorrow 2 questions.* 2 katas", ran.replace("\n", " ")), ran
    assert any(day["katas"] == 2 for day in told(quiz("--fresh", "--json"))["next_due"])


def test_narrowing_by_level_topic_and_concept(quiz, dlkata):
    assert {q["level"] for q in told(quiz("--level", "1", "--json"))["questions"]} == {1}
    words = told(dlkata("quiz", "words", "--json", stdin=""))
    assert {q["topic"] for q in words["questions"]} == {"words"}
    assert dlkata("quiz", "Words", "--json", stdin="").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wrods"], "Did you mean words?"),
        (["--concept", "sample/coin"], "Did you mean sample/coins"),
        (["--due", "--new"], "exclude each other"),
        (["--level", "4"], "range"),
        (["-n", "0"], "range"),
        (["--seed", "x"], "integer"),
    ],
)
def test_used_wrongly_is_said_with_what_was_meant(quiz, dlkata, arguments, said):
    ran = dlkata("quiz", *arguments, stdin="")
    assert ran.code == 2 and said in ran.err, ran


def test_nothing_left_is_said_with_what_comes(quiz):
    assert "0 due" not in quiz(answers="x\nx\nx\nx\nx\nx\n").out
    done = quiz()
    assert done.code == 0 and "Nothing is due here, and nothing is new." in done.out
    assert "tomorrow" in done.out
    assert told(quiz("--json"))["session"] is None
    ahead = quiz("--concept", "sample/coins", answers="q\n")
    assert "1/2" in ahead.out, "a concept that is asked for is asked, due or not"


def test_the_daily_limit_of_new_ones_is_the_learners_own_and_can_be_passed(quiz, dlkata, terminal):
    dlkata("config", "new_per_day", "2")
    assert "1/2" in quiz(answers="x\nx\n").out
    limited = quiz().out
    assert "Nothing is due, and today's new questions are done." in limited and "quiz --new" in limited
    screen = terminal("arith", "words")
    screen.expect_exact("Enter: go on with new ones · q stop > ")
    screen.sendline("")
    screen.expect_exact("1/4")
    screen.expect_exact("q stop")
    screen.sendline("q")
    screen.expect(pexpect.EOF)
    screen = terminal("arith", "words", "--fresh")
    screen.expect_exact("Enter: go on with new ones")
    screen.sendline("结束")
    screen.expect(pexpect.EOF)
    assert "1/4" not in screen.before
    assert "1/4" in quiz("--new", answers="q\n").out
    assert dlkata("config", "day_ends", "25").code == 2


def test_in_chinese(quiz):
    ran = quiz("--seed", "1", "--lang", "zh", answers="zz\n?\nq\n")
    assert "算术" in ran.out and "一枚公平的硬币连续三次正面" in ran.out and "请按下面的方式输入" in ran.out
    assert "答了 0 道" in ran.out and "跳过 1" in ran.out


def test_lines_fit_80_columns_and_carry_no_escape_codes(quiz):
    from rich.cells import cell_len

    for lang in ("en", "zh"):
        out = quiz("--seed", "1", "--fresh", "--lang", lang, answers="a\nh\nx\nx\nx\n").out
        assert "\x1b" not in out
        assert max(cell_len(line) for line in out.split("\n")) <= 82, lang  # a closing mark may hang over


def test_where_the_record_cannot_be_used_the_quiz_goes_on(quiz, home):
    (home / "data" / "record.db").mkdir()
    ran = quiz(answers="a\n")
    assert ran.code == 0 and "is not a file" in ran.err and "1 answered" in ran.out


@pytest.fixture
def terminal(quiz, home):
    """`dlkata quiz` with these arguments in a terminal of 80 columns."""

    def start(*arguments: str, **environment: str) -> pexpect.spawn:
        return pexpect.spawn(
            sys.executable, ["-m", "dlkata", "quiz", *arguments], encoding="utf-8", timeout=60,
            dimensions=(40, 80), env={**os.environ, "TERM": "xterm-256color", **environment},
        )  # fmt: skip

    return start


UP, DOWN = "\x1b[A", "\x1b[B"


def test_arrow_keys_highlight_an_option_and_enter_takes_it(terminal):
    screen = terminal("arith", "--seed", "1")
    screen.expect_exact("↑ ↓ and Enter, or a to c")
    for key, letter in ((DOWN, "a"), (DOWN, "b"), (DOWN, "c"), (UP, "b"), (DOWN, "c"), (DOWN, "a")):
        screen.send(key)
        screen.expect(rf"▸[^▸]*{letter}  ")
    screen.send("\r")
    screen.expect("(Right|Wrong)")
    chosen = screen.match[0]
    screen.expect_exact("Enter: next")
    assert re.search(r"  .{0,8}a  ", screen.before) or chosen == "Right"
    screen.sendline("q")
    screen.expect_exact("1 answered")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0


def test_space_marks_several_and_typing_works_as_before(terminal):
    screen = terminal("arith", "--concept", "sample/sums", "--seed", "3")
    screen.expect_exact("↑ ↓ and Enter")
    screen.sendline("x")
    screen.expect_exact("Enter: next")
    screen.sendline("")
    screen.expect_exact("↑ ↓ and space: all that are right")
    for key, typed in (
        (DOWN, ""),
        (" ", "a"),
        (DOWN, "a"),
        (DOWN, "a"),
        (" ", "a c"),
        (UP, "a c"),
        (UP, "a c"),
        (" ", "c"),
    ):
        screen.send(key)
        if typed:
            screen.expect(rf"\n> {typed}\x1b\[K")
    screen.send("\x7f")
    screen.sendline("b d")
    screen.expect("(Right|Wrong)")
    screen.expect_exact("Enter: next")
    screen.sendline("q")
    screen.expect(pexpect.EOF)


def test_what_one_expects_of_an_experiment_is_chosen_the_same_way(quiz):
    screen = pexpect.spawn(
        sys.executable, ["-m", "dlkata", "why", "sample/coins"], encoding="utf-8", timeout=60,
        env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    screen.expect_exact("Enter alone: just watch")
    screen.send("nonsense\r")
    screen.expect_exact("Please type one of these:")
    screen.send(f"{DOWN}\r")
    screen.expect("(As you expected|You expected otherwise)")
    screen.expect(pexpect.EOF)


def test_who_does_not_want_to_watch_may_stop(quiz):
    screen = pexpect.spawn(
        sys.executable, ["-m", "dlkata", "why", "sample/coins"], encoding="utf-8", timeout=60,
        env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    screen.expect_exact("q stop")
    screen.send("q\r")
    screen.expect(pexpect.EOF)
    assert "expected" not in screen.before


def test_what_is_typed_ahead_is_not_lost(terminal):
    screen = terminal("arith", "--seed", "1")
    screen.send("a\r\rx\r")
    screen.expect_exact("2/4")
    screen.expect_exact("Not known yet.")
    screen.expect_exact("Enter: next")
    screen.sendline("q")
    screen.expect_exact("2 answered")
    screen.expect(pexpect.EOF)


def test_a_number_is_typed_on_a_line_that_can_be_edited(terminal):
    screen = terminal("arith", "--concept", "sample/coins", "--seed", "1")
    screen.expect_exact("↑ ↓ and Enter")
    screen.sendline("x")
    screen.expect_exact("Enter: next")
    screen.sendline("")
    screen.expect_exact("a number, in heads")
    screen.expect(r"\n> ")
    screen.send(f"{UP}9\x1b[D\x1b[3~")  # up: nothing of before; then 9, left, delete
    screen.sendline("zzz")
    screen.expect_exact("Please type one of these:")
    screen.expect_exact("q stop")
    screen.expect_exact("> ")
    screen.sendeof()
    screen.expect_exact("1 answered")
    screen.expect(pexpect.EOF)


def test_a_dumb_terminal_types_its_letters(terminal):
    screen = terminal("arith", "--seed", "1", TERM="dumb")
    screen.expect_exact("a to c")
    assert "↑" not in screen.before
    screen.sendline("a")
    screen.expect_exact("Enter: next")
    screen.sendline("q")
    screen.expect(pexpect.EOF)
    assert "\x1b[1A" not in screen.before


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("不知道", "✗ Not known yet."), ("don't know", "✗ Not known yet."), ("Don’t know.", "✗ Not known yet."),
        ("x 不知道", "✗ Not known yet."), ("我不知道。", "✗ Not known yet."), ("跳过", "2/6"), ("skip", "2/6"), ("？", "2/6"),
        ("提示", "no memory"), ("hint", "no memory"), ("撤销", "nothing to undo"), ("undo", "nothing to undo"),
        ("结束", "6 left"), ("stop", "6 left"), ("quit", "6 left"),
    ],
)  # fmt: skip
def test_the_words_of_the_footer_are_understood_in_both_languages(quiz, typed, means):
    ran = quiz("--seed", "1", answers=f"{typed}\n")
    assert means in ran.out and "Please type" not in ran.out, ran.out


def test_the_words_of_the_grades_and_of_the_pause_are_understood(quiz, terminal):
    ran = quiz("--seed", "1", "--concept", "sample/alphabet", answers="x\nwords\n大部分\n")
    assert "2 answered: 1 right" in ran.out, ran.out
    assert "1 little · 2 half · 3 most · 4 all, at once" in ran.out
    screen = terminal("arith", "--seed", "1")
    screen.expect_exact("a to c")
    screen.sendline("不知道")
    screen.expect_exact("Enter: next")
    screen.sendline("运行看看")
    screen.expect_exact("After 4000 tosses")
    screen.expect_exact("Enter: next")
    screen.sendline("下一题")
    screen.expect_exact("2/4")
    screen.sendline("结束")
    screen.expect_exact("1 answered")
    screen.expect(pexpect.EOF)


def test_every_word_of_a_footer_means_one_key():
    from dlkata.cli.words import ALSO
    from dlkata.locale import in_both
    from dlkata.ui.question import AFTERWARDS, GRADES, KEYS

    for footer in (KEYS, AFTERWARDS, GRADES):
        words = [sentence for said in footer.values() for sentence in set(in_both(said))]
        words += [word for key in footer for word in ALSO.get(key, ())]
        assert len(words) == len(set(words))
        assert all(in_both(said)[0] != in_both(said)[1] for said in footer.values())


def test_in_a_terminal_feedback_waits_for_enter(quiz, home):
    screen = pexpect.spawn(
        sys.executable, ["-m", "dlkata", "quiz", "arith", "--seed", "1"], encoding="utf-8", timeout=60,
        env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    screen.expect_exact("q stop")
    screen.sendline("a")
    screen.expect_exact("Enter: next")
    screen.sendline("!")
    screen.expect_exact("After 4000 tosses the share is")
    screen.expect_exact("Measured just now")
    screen.expect_exact("Enter: next")
    screen.sendline("")
    screen.expect_exact("2/4")
    screen.sendline("u")
    screen.expect_exact("1/4")
    screen.expect_exact("q stop")
    screen.expect_exact("> ")
    screen.sendeof()
    screen.expect_exact("0 answered")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0


def test_ctrl_c_leaves_with_the_summary_that_ctrl_d_gives(terminal, dlkata, home):
    endings = []
    for leave, status in ((pexpect.spawn.sendintr, 130), (pexpect.spawn.sendeof, 0)):
        shutil.copytree(home / "data", home / str(status))
        screen = terminal("arith", "--seed", "1", DLKATA_HOME=str(home / str(status)))
        screen.expect_exact("q stop")
        screen.sendline("x")
        screen.expect_exact("Enter: next")
        screen.sendline("")
        screen.expect_exact("2/4")
        screen.expect(r"\n> ")
        leave(screen)
        screen.expect_exact("1 answered: 0 right, 1 wrong")
        screen.expect(pexpect.EOF)
        endings.append(re.sub(r"\d:\d\d", "", screen.before))
        screen.close()
        assert screen.exitstatus == status
    assert endings[0] == endings[1] and "3 left" in endings[0] and "Look at" in endings[0]
    again = dlkata("quiz", stdin="q\n", DLKATA_HOME=str(home / "130"))
    assert "Going on with the session you left: 1 of 4" in again.out


def test_two_processes_at_once_keep_both(quiz, home):
    def begin():
        screen = pexpect.spawn(
            sys.executable,
            ["-m", "dlkata", "quiz", "arith", "-n", "2", "--lang", "en"],
            encoding="utf-8",
            timeout=60,
        )
        screen.expect_exact("q stop")
        return screen

    screens = [begin(), begin()]
    for screen in screens:
        screen.sendline("x")
        screen.expect_exact("Enter: next")
    for screen in screens:
        screen.sendline("q")
        screen.expect_exact("1 answered")
        screen.expect(pexpect.EOF)
    import sqlite3

    answered = sqlite3.connect(home / "data" / "record.db").execute("SELECT question FROM answers").fetchall()
    assert len(set(answered)) == 2, "and they did not ask the same"


def test_home_says_what_is_due_and_what_is_best(quiz, dlkata):
    ran = dlkata()
    assert "Best now" in ran.out and "questions: 10 new" in ran.out and ran.out.count("quiz\n") == 1
    found = json.loads(dlkata("--json").out)
    assert (found["due"], found["new"], found["katas_due"]) == (0, 10, [])
    assert found["command"].endswith("quiz") and found["why"]


def test_why_explains_draws_and_runs(quiz, dlkata):
    ran = dlkata("why", "sample/coins")
    assert ran.code == 0, ran
    assert ran.out.index("no memory") < ran.out.index("After 4000 tosses") < ran.out.index("quiz --concept")
    assert "⣿" in ran.out and "+----" in ran.out and "A  share: " in ran.out
    assert "After 4000" not in dlkata("why", "sample/coins", "--text").out
    chinese = dlkata("why", "sample/coins", "--lang", "zh")
    assert "4000 次之后比例是" in chinese.out and "正面的比例" in chinese.out
    plain = dlkata("why", "sample/coins", PYTHONIOENCODING="ascii")
    assert plain.code == 0 and "#" in plain.out and "?" not in plain.out.replace("1/2", "")
    found = json.loads(dlkata("why", "sample/coins", "--json").out)
    assert [chart["chart"] for chart in found["experiment"]["charts"]] == [
        "curves",
        "bars",
        "table",
        "picture",
        "text",
    ]


def test_why_without_a_name_lists_and_a_miss_names_what_is_near(quiz, dlkata):
    listed = dlkata("why")
    assert listed.code == 0 and "sample/coins" in listed.out and "Arithmetic" in listed.out
    assert {"name", "title", "topic", "questions"} <= set(json.loads(dlkata("why", "--json").out)[0])
    miss = dlkata("why", "sample/cions")
    assert miss.code == 2 and "Did you mean sample/coins" in miss.err


def test_a_record_that_fails_on_the_way_is_said_and_the_session_goes_on(quiz, home):
    import sqlite3

    quiz(answers="q\n")
    holder = sqlite3.connect(home / "data" / "record.db")
    screen = pexpect.spawn(sys.executable, ["-m", "dlkata", "quiz", "arith"], encoding="utf-8", timeout=60)
    screen.expect_exact("> ")
    holder.execute("DROP TABLE answers")
    screen.sendline("x")
    screen.expect_exact("Your record cannot be used")
    screen.expect_exact("✗ Not known yet.")
    screen.expect_exact("Enter: next")
    screen.sendline("q")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0


def test_a_due_kata_that_is_being_written_again_is_not_to_be_reset(dlkata, home):
    from datetime import datetime, timedelta

    from dlkata.progress.record import Kind, open_record

    record, past = open_record(home / "data" / "record.db"), datetime.now().astimezone() - timedelta(days=90)
    record.add(Kind.CHECKED, "adam", past, passed=True)
    due = dlkata()
    assert "to be written again: adam" in due.out and "reset adam" in due.out
    record.add(Kind.RESET, "adam", past + timedelta(days=89))
    begun = dlkata()
    assert "being written again: adam" in begun.out and "reset adam" not in begun.out


def test_an_exams_clock_is_seen_ends_it_and_is_not_reset_by_leaving(terminal, quiz, home):
    import sqlite3
    from datetime import UTC, datetime, timedelta

    exam = ["arith", "words", "--exam", "-n", "2", "--seed", "4"]
    screen = terminal(*exam)
    screen.expect(r"Exam: 2 questions in (\d+):(\d\d)")
    limit = 60 * int(screen.match[1]) + int(screen.match[2])
    screen.expect(r"\d:\d\d > ")
    screen.sendline("x")
    screen.expect(r"2/2.*\d:\d\d > ")
    screen.sendline("q")
    screen.expect(pexpect.EOF)
    record = sqlite3.connect(home / "data" / "record.db")
    begun = datetime.now(UTC) - timedelta(seconds=limit - 3)
    record.execute("UPDATE sessions SET at = ?", (begun.isoformat(timespec="milliseconds"),))
    record.commit()
    screen = terminal(*exam)
    screen.expect(r"The exam's clock went on meanwhile: 0:0\d left")
    screen.expect(r"0:01 > ")
    screen.expect_exact("Time is up.")
    screen.expect_exact("Still open at the end.")
    screen.expect(rf"Score: 0 of 2 \(0%\) · (\S+) of {limit // 60}:{limit % 60:02}")
    screen.expect(pexpect.EOF)
