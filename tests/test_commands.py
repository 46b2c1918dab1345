"""The commands as a learner meets them, and what each promises in its help."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from attempts import pack_of

from dlkata.content.library import Library

ROOT = Path(__file__).parent.parent
LIBRARY = Library()
REFERENCE = (ROOT / "solutions" / "layernorm.py").read_text(encoding="utf-8")
COMMANDS = [
    "quiz",
    "why",
    "plan",
    "path",
    "stats",
    "browse",
    "interview",
    "list",
    "kata",
    "check",
    "watch",
    "hint",
    "solution",
    "reset",
    "export",
    "import",
    "doctor",
    "config",
    "completion",
    "author",
]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def attempt_of(home: Path) -> Path:
    return home / "work" / "layernorm.py"


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def test_a_newcomers_session(warm, home):
    """list → kata → check (fails, diagnosed) → hint → check (passes) → solution --diff → list"""
    first = warm()
    assert "practised on" not in first.out, "nothing is practised yet"
    assert "Begin with" in first.out and re.search(r" kata [a-z-]+\n", first.out)
    assert "layernorm" in warm("list", "norm").out
    opened = warm("kata", "layernorm")
    assert str(attempt_of(home)) in opened.out and "σ²" in opened.out
    assert str(home / "work") in opened.err, "the first use says where attempts are kept"
    text = attempt_of(home).read_text(encoding="utf-8")
    assert text.startswith('r"""Layer normalisation') and "raise NotImplementedError" in text
    assert "not started yet" in warm("check").out

    write(attempt_of(home), REFERENCE.replace("torch.sqrt(var + self.eps)", "torch.sqrt(var) + self.eps"))
    failed = warm("check")
    assert failed.code == 1
    assert "Likely cause" in failed.out and "You add ε to the standard deviation" in failed.out
    assert "Where it goes wrong" in failed.out and "hint layernorm" in failed.out

    assert "hint 1 of" in warm("hint").out
    assert "hint 2 of" in warm("hint", "layernorm").out
    assert "continue" not in warm("list").out and "started" in warm("list").out
    assert "check layernorm" in warm().out

    refused = warm("solution", "layernorm")
    assert refused.code == 1 and "not passed this kata yet" in refused.err

    write(attempt_of(home), REFERENCE)
    passed = warm("check")
    assert passed.code == 0 and "Passed: all" in passed.out and "What it proves" in passed.out
    assert "solved" in warm("list", "norm").out
    assert "practised on 1 of the last 14 days" in warm().out
    assert "○" in warm("why").out and "◐ learning · 0 of" in warm("why", "norm-family", "--text").out
    solution = warm("solution", "layernorm")
    assert "What an interviewer asks next" in solution.out and "↳" in solution.out
    assert "line by line" in warm("solution", "layernorm", "--diff").out


def test_the_same_session_in_chinese(warm, home):
    assert "从这里开始" in warm("--lang", "zh").out
    opened = warm("kata", "layernorm", "--lang", "zh")
    assert "约定" in opened.out
    assert CHINESE.search(attempt_of(home).read_text(encoding="utf-8"))
    write(attempt_of(home), REFERENCE.replace("torch.sqrt(var + self.eps)", "torch.sqrt(var) + self.eps"))
    failed = warm("check", LC_ALL="zh_CN.UTF-8")
    assert "可能的原因" in failed.out and "未通过" in failed.out
    assert "提示 1/" in warm("--lang=zh", "hint").out


def test_an_attempt_is_never_overwritten_and_reset_keeps_it(warm, home):
    warm("kata", "layernorm")
    write(attempt_of(home), "mine = 1\n")
    warm("kata", "layernorm")
    assert attempt_of(home).read_text(encoding="utf-8") == "mine = 1\n"
    for number in (1, 2):
        write(attempt_of(home), f"mine = {number}\n")
        assert warm("reset", "layernorm").code == 0
        assert (home / "work" / f"layernorm.{number}.py").read_text(encoding="utf-8") == f"mine = {number}\n"
        assert "raise NotImplementedError" in attempt_of(home).read_text(encoding="utf-8")
    assert warm("reset", "adam").code == 2


def test_resetting_an_untouched_stub_makes_no_copy(dlkata, home):
    dlkata("kata", "beam-search")
    ran = dlkata("reset", "beam-search")
    assert ran.code == 0 and "nothing to keep" in ran.out
    assert json.loads(dlkata("reset", "beam-search", "--json").out)["kept"] is None
    assert sorted(file.name for file in (home / "work").iterdir()) == ["beam_search.py"]
    assert "没有要保留" in dlkata("reset", "beam_search", "--lang", "zh").out


def test_names_are_spelt_one_way_however_they_were_typed(dlkata):
    for arguments in (("reset", "beam_search"), ("check", "beam_search"), ("check", "Beam-Search")):
        ran = dlkata(*arguments)
        assert ran.code == 2 and "`beam-search`" in ran.err and "kata beam-search" in ran.err
        assert "beam_search" not in ran.err.replace("beam_search.py", "")


def test_version_has_help_in_both_languages(dlkata):
    assert "Show the version and exit." in dlkata("--help").out
    chinese = dlkata("--help", "--lang", "zh").out
    assert "显示版本。" in chinese and "Show" not in chinese


def test_check_without_a_name_takes_the_kata_last_opened_or_edited(warm, home):
    assert warm("check").code == 2
    warm("kata", "adam")
    warm("kata", "layernorm")
    assert "layernorm.py is not started" in warm("check").out
    os.utime(home / "work" / "adam.py", (4e9, 4e9))
    assert "adam.py is not started" in warm("check").out


def test_check_takes_a_file_by_its_name_or_by_what_it_defines(warm, tmp_path):
    anywhere = tmp_path / "mine.py"
    write(anywhere, REFERENCE)
    assert warm("check", str(anywhere)).code == 0
    write(anywhere, "x = 1\n")
    unknown = warm("check", str(anywhere))
    assert unknown.code == 2 and "--as NAME" in unknown.err
    named = warm("check", str(anywhere), "--as", "layernorm")
    assert named.code == 1 and "`LayerNorm` is not defined" in named.out


def test_check_json_is_one_object_with_the_promised_fields(warm, tmp_path):
    file = tmp_path / "layernorm.py"
    write(file, REFERENCE.replace("torch.sqrt(var + self.eps)", "torch.sqrt(var) + self.eps"))
    answer = json.loads(warm("check", str(file), "--json").out)
    assert {"kata", "passed", "device", "tests", "diagnosis", "place", "relation", "banned"} <= set(answer)
    assert answer["kata"] == "layernorm" and answer["passed"] is False and answer["device"] == "cpu"
    assert {"name", "sentence", "outcome", "seconds", "message"} <= set(answer["tests"][0])
    assert answer["diagnosis"]["bugs"] == ["eps_outside_root"] or answer["diagnosis"]["bugs"]
    assert {"first", "last", "columns", "text", "right", "mended", "failing"} <= set(answer["place"])
    assert set(answer["relation"]) == {"kind", "text"}
    assert answer["banned"] == []


def test_check_all_checks_what_was_begun_side_by_side(dlkata, home):
    assert dlkata("check", "--all").code == 2
    for name in ("layernorm", "softmax-ce", "adam", "lstm"):
        dlkata("kata", name)
    with (home / "work" / "softmax_ce.py").open("a", encoding="utf-8") as file:
        file.write("# an idea\n")
    write(attempt_of(home), REFERENCE)
    wrong = (ROOT / "solutions" / "adam.py").read_text(encoding="utf-8").replace("0.999", "0.99")
    write(home / "work" / "adam.py", wrong)
    ran = dlkata("check", "--all")
    assert ran.code == 1
    assert [line.split(":")[0] for line in ran.out.splitlines()] == ["✗ adam", "✗ softmax-ce", "✓ layernorm"]
    assert "not started yet" in ran.out
    (home / "work" / "adam.py").write_bytes(b"x = '\xff'\n")
    ran = dlkata("check", "--all")
    assert ran.code == 1 and "✗ adam: " in ran.out and "✓ layernorm" in ran.out, (
        "one that is no text stops no other"
    )
    assert [answer["passed"] for answer in json.loads(dlkata("check", "--all", "--json").out)] == [
        False,
        False,
        True,
    ]


def test_a_verdict_nobody_sees_is_recorded(warm, home, tmp_path):
    file = tmp_path / "layernorm.py"
    write(file, REFERENCE)
    closed = f"exec {sys.executable} -m dlkata check {file} >&-"
    done = subprocess.run(["sh", "-c", closed], cwd=ROOT, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done
    record = sqlite3.connect(home / "data" / "record.db")
    assert record.execute("SELECT COUNT(*) FROM events WHERE kind = 'checked'").fetchone() == (1,)


def test_fail_fast_stops_at_the_first_failure(warm, tmp_path):
    file = tmp_path / "layernorm.py"
    write(file, REFERENCE.replace("torch.sqrt(var + self.eps)", "torch.sqrt(var) + self.eps"))
    answer = json.loads(warm("check", str(file), "--json", "--fail-fast").out)
    assert [test["outcome"] for test in answer["tests"]].count("failed") == 1
    assert answer["passed"] is False and answer["diagnosis"] is None


def test_every_check_hint_and_solution_is_recorded(warm, home, tmp_path):
    import sqlite3

    file = tmp_path / "layernorm.py"
    write(file, REFERENCE)
    warm("check", str(file))
    warm("hint", "layernorm")
    warm("solution", "layernorm")
    connection = sqlite3.connect(home / "data" / "record.db")
    rows = connection.execute("SELECT kind, kata, passed, detail FROM events").fetchall()
    sources = connection.execute("SELECT text FROM sources").fetchall()
    connection.close()
    assert [(kind, kata, passed) for kind, kata, passed, _detail in rows] == [
        ("checked", "layernorm", 1), ("hinted", "layernorm", None), ("solution", "layernorm", None)
    ]  # fmt: skip
    detail = json.loads(rows[0][3])
    assert detail["device"] == "cpu" and detail["seconds"] > 0
    assert set(detail["outcomes"]["test_output"]) >= {"passed"}
    assert sources == [(REFERENCE,)]


def test_hints_go_down_the_ladder_and_stop_at_its_end(warm):
    total = int(re.search(r"hint 1 of (\d+)", warm("hint", "adam").out)[1])
    for number in range(2, total + 1):
        assert f"hint {number} of {total}" in warm("hint", "adam").out
    assert f"hint {total} of {total}" in warm("hint", "adam").out
    assert len(json.loads(warm("hint", "adam", "--all", "--json").out)["hints"]) == total


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_help_in_both_languages(dlkata, command, flag):
    english, chinese = dlkata(command, flag), dlkata("--lang", "zh", command, flag)
    assert english.code == chinese.code == 0
    assert not CHINESE.search(english.out)
    assert len(CHINESE.findall(chinese.out)) > 10
    assert max(map(len, english.out.split("\n"))) <= 80


def test_help_and_errors_follow_lang_wherever_it_stands(dlkata):
    for arguments in (
        ("--lang", "zh", "check", "nope"),
        ("check", "nope", "--lang", "zh"),
        ("check", "--lang=zh", "nope"),
    ):
        ran = dlkata(*arguments)
        assert ran.code == 2 and "没有题目" in ran.err


def test_hyphens_and_underscores_are_the_same(dlkata):
    assert dlkata("kata", "softmax-ce").code == dlkata("kata", "softmax_ce").code == 0


def test_the_house_contract_can_be_read(dlkata):
    assert "The house contract" in dlkata("kata", "--contract").out
    assert "通用约定" in dlkata("kata", "--contract", "--lang", "zh").out


def test_settings_are_kept_and_checked(dlkata, home):
    assert dlkata("config", "language", "zh").code == 0
    assert "继续" in dlkata().out or "从这里开始" in dlkata().out
    assert dlkata("config", "language").out == "zh\n"
    assert dlkata("config", "--unset", "language").code == 0
    assert json.loads(dlkata("config", "--json").out)["language"] == "en"
    assert dlkata("config", "device", "abacus").code == 2
    write(home / "data" / "config.toml", "language = ")
    broken = dlkata("list")
    assert broken.code == 2 and "config.toml" in broken.err and "Traceback" not in broken.err


def test_a_workspace_that_cannot_be_written_is_said(dlkata, home, monkeypatch):
    write(home / "file", "")
    monkeypatch.setenv("DLKATA_WORKSPACE", str(home / "file" / "work"))
    ran = dlkata("kata", "adam")
    assert ran.code == 2 and "dlkata config workspace" in ran.err and "Traceback" not in ran.err


def test_the_editor_is_the_configured_one_then_visual_then_editor(dlkata, home, monkeypatch):
    none = dlkata("kata", "adam", "--edit")
    assert none.code == 2 and "No editor is set" in none.err
    script = home / "editor"
    write(script, f'#!/bin/sh\nfor word; do echo "= $word"; done > {home}/edited\n')
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", f"{script} -n")
    assert dlkata("kata", "adam", "--edit").code == 0
    assert (home / "edited").read_text(encoding="utf-8").split() == [
        "=",
        "-n",
        "=",
        str(home / "work" / "adam.py"),
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_and_answers(dlkata, shell):
    assert "_DLKATA_COMPLETE" in dlkata("completion", shell).out
    if shell == "bash":
        answered = dlkata(
            _DLKATA_COMPLETE="bash_complete", COMP_WORDS="dlkata check softmax-", COMP_CWORD="2"
        )
        assert answered.out.strip() == "plain,softmax-ce"


def test_piped_output_has_no_colour_and_80_columns(warm, tmp_path):
    file = tmp_path / "layernorm.py"
    write(file, REFERENCE.replace("unbiased", "biased"))
    for arguments in (
        ("list",),
        ("kata", "layernorm"),
        ("check", str(file)),
        ("solution", "layernorm", "--yes"),
    ):
        out = warm(*arguments).out
        assert "\x1b" not in out


def test_a_terminal_that_lacks_the_characters_gets_ascii(warm, tmp_path):
    file = tmp_path / "layernorm.py"
    write(file, REFERENCE)
    ran = warm("check", str(file), PYTHONIOENCODING="ascii")
    assert ran.code == 0 and "  + " in ran.out and "✓" not in ran.out
    assert "sqrt" in warm("kata", "layernorm", PYTHONIOENCODING="ascii").out


def test_no_color_is_obeyed_in_a_terminal(home):
    environment = {**os.environ, "TERM": "xterm-256color"}

    def colours(**more: str) -> list[str]:
        screen = pexpect.run(
            f"{sys.executable} -m dlkata list", env={**environment, **more}, encoding="utf-8", timeout=60
        )
        return re.findall(r"\x1b\[(?:\d+;)*3\d", screen)

    assert colours(NO_COLOR="1") == []


def test_the_solution_asks_first_in_a_terminal(home):
    screen = pexpect.spawn(sys.executable, ["-m", "dlkata", "solution", "adam"], encoding="utf-8", timeout=60)
    screen.expect_exact("Show the solution all the same?")
    screen.sendline("n")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 130


def test_debug_runs_in_the_foreground_where_breakpoints_work(home, tmp_path):
    file = tmp_path / "layernorm.py"
    write(file, REFERENCE.replace("        std = ", "        breakpoint()\n        std = ", 1))
    screen = pexpect.spawn(
        sys.executable, ["-m", "dlkata", "check", "--debug", str(file)], encoding="utf-8", timeout=120
    )
    screen.expect_exact("(Pdb)")
    screen.sendline("p var.shape")
    screen.expect_exact("torch.Size([")
    screen.sendline("import os; os._exit(7)")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus in (1, 3)


def test_a_pack_is_asked_about_once_and_then_one_more_source_of_katas(warm, home, tmp_path):
    pack = pack_of(tmp_path / "mypack", "layernorm")
    refused = warm("--pack", str(pack), "list")
    assert refused.code == 2 and "runs code" in refused.err
    screen = pexpect.spawn(
        sys.executable, ["-m", "dlkata", "--pack", str(pack), "list"], encoding="utf-8", timeout=60
    )
    screen.expect_exact("Do you trust it?")
    screen.sendline("y")
    screen.expect_exact("mypack/layernorm")
    screen.expect(pexpect.EOF)
    assert "mypack/layernorm" in warm("list").out, "a trusted pack is there from then on"
    assert warm("kata", "mypack/layernorm").code == 0
    write(home / "work" / "mypack" / "layernorm.py", REFERENCE)
    assert warm("check", "mypack/layernorm").code == 0


def test_author_new_and_author_check_walk_to_done(warm, tmp_path):
    (tmp_path / "katas").mkdir()
    made = warm("author", "new", "swish", "--topic", "mlp", "--root", str(tmp_path))
    assert made.code == 0 and len(made.out.split("\n")) == 7
    assert warm("author", "new", "swish", "--root", str(tmp_path)).code == 2
    from dlkata.author.inspection import inspect
    from dlkata.content.library import Library

    library = Library([tmp_path])
    kata = library.kata(f"{tmp_path.name}/swish")
    complaints = inspect(kata, library)
    assert complaints and all("still to be written" in complaint for complaint in complaints)
    for file in (kata.page_file, kata.reference_file, kata.solution_file, kata.suite_file):
        file.write_text(file.read_text(encoding="utf-8").replace("TODO", "Written"), encoding="utf-8")
    left = inspect(library.kata(kata.name), library)
    assert left and all("at least" in complaint for complaint in left), left
