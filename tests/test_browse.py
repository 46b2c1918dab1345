"""`dlkata browse` without a screen of its own: in a pipe, as JSON, and as a plain list with a prompt."""

import json
import os
import sys

import pexpect
import pytest

from dlkata.cli import browse
from dlkata.cli.browse import MARKS, SORTS
from dlkata.content.library import Library
from dlkata.progress.record import open_record
from dlkata.progress.remarks import Remark, Remarks
from dlkata.study.catalogue import Sort
from dlkata.study.mastery import Mark

LIBRARY = Library()


def test_options_name_what_there_is():
    assert tuple(Sort) == SORTS and set(MARKS) == set(Mark)


def test_without_textual_the_list_is_plain(monkeypatch):
    monkeypatch.setattr(browse, "find_spec", lambda name: None)
    assert not browse._has_screen()


def test_in_a_pipe_every_entry_is_a_whole_line(dlkata):
    ran = dlkata("browse")
    assert ran.code == 0 and "\x1b" not in ran.out
    assert len(ran.out.splitlines()) >= len(LIBRARY.katas) + len(LIBRARY.concept_names)
    assert LIBRARY.kata("attention").title in ran.out


def test_words_and_filters_narrow_the_list_in_both_languages(dlkata):
    english = json.loads(dlkata("browse", "--json", "显存").out)
    chinese = json.loads(dlkata("browse", "--json", "显存", "--lang", "zh").out)
    assert [e["name"] for e in english] == [e["name"] for e in chinese] and english
    katas = json.loads(
        dlkata("browse", "--json", "--kind", "kata", "--topic", "norm", "--level", "2", "--status", "new").out
    )
    assert katas and all(
        (e["kind"], e["topic"], e["level"], e["mark"]) == ("kata", "norm", 2, "new") for e in katas
    )


def test_nothing_found_is_said_and_is_no_failure(dlkata):
    ran = dlkata("browse", "xyzzy")
    assert (ran.code, ran.out) == (0, "") and "Nothing fits" in ran.err
    assert json.loads(dlkata("browse", "xyzzy", "--json").out) == []


@pytest.mark.parametrize("arguments", [("--topic", "nroms"), ("--level", "4"), ("--kind", "poem")])
def test_what_is_used_wrongly_is_told(dlkata, arguments):
    ran = dlkata("browse", *arguments)
    assert ran.code == 2 and "Traceback" not in ran.text


def test_a_path_is_an_entry_too(dlkata):
    found = json.loads(dlkata("browse", "--kind", "path", "--json").out)
    assert {entry["name"] for entry in found} == set(LIBRARY.path_names)


def test_bookmarks_and_notes_are_kept_and_shown(dlkata, home):
    record = open_record(home / "data" / "record.db")
    from datetime import UTC, datetime

    remarks, now = Remarks(record), datetime.now(UTC)
    remarks.bookmark("kata:attention", True, now)
    remarks.note("concept:sqrt_dk", "asked at Acme", now)
    record.close()
    assert dlkata("browse", "--bookmarks").out.split()[1:4] == ["*", "kata", "attention"]
    assert "“asked at Acme”" in dlkata("browse", "acme").out


def test_the_plain_list_searches_opens_bookmarks_and_notes(home):
    screen = pexpect.spawn(
        sys.executable, ["-m", "dlkata", "browse", "--plain"], encoding="utf-8", timeout=120, dimensions=(24, 80),
        env={**os.environ, "TERM": "xterm-256color", "LINES": "24", "COLUMNS": "80"},
    )  # fmt: skip
    screen.expect_exact("Enter: more")
    screen.sendline("")  # the next page
    screen.expect_exact("20 ")
    screen.expect_exact("Enter: more")
    screen.sendline("缩放点积")
    screen.expect_exact("attention")
    screen.expect_exact("Enter: more")
    screen.sendline("* 1")
    screen.expect(r"\* .*attention")
    screen.expect_exact("Enter: more")
    screen.sendline("n 1 the classic")
    screen.expect_exact("the classic")
    screen.expect_exact("Enter: more")
    screen.sendline("77")
    screen.expect_exact("no number 77")
    screen.sendline("s 1")
    screen.expect_exact("Show the solution all the same?")
    screen.sendline("n")
    screen.sendline("1")
    screen.expect_exact("space: next page")
    screen.send("q")
    screen.expect_exact("Start it: ")
    screen.sendline("q")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0
    record = open_record(home / "data" / "record.db")
    assert Remarks(record).all() == {"kata:attention": Remark(True, "the classic")}
    assert record.last_kata() is None, "to look at a list is no work on a kata"


def test_from_the_browser_straight_to_a_kata(home):
    """In a real terminal: the screen comes and goes, and what was chosen is begun."""
    pytest.importorskip("textual")
    screen = pexpect.spawn(
        sys.executable, ["-m", "dlkata", "browse"], encoding="utf-8", timeout=120, dimensions=(24, 80),
        env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    screen.expect_exact("to the list")
    screen.send("缩放点积")
    screen.expect(r"1 of \d+")
    screen.send("\r")
    screen.expect_exact("start it")
    screen.send("\r")
    screen.expect_exact("space: next page")
    screen.send("q")
    screen.expect_exact("When you are ready")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0
    assert (home / "work" / "attention.py").exists()
