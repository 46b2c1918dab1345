"""Long text is read from its top where the screen is too small for it, and stands in the terminal afterwards."""

import os
import re
import sys

import pexpect
import pytest

from dlkata.locale import use_language
from dlkata.ui.picking import Picking


def spawn(*arguments: str, rows: int = 24, columns: int = 80, **environment: str) -> pexpect.spawn:
    return pexpect.spawn(
        sys.executable, ["-m", "dlkata", *arguments], encoding="utf-8", timeout=120, dimensions=(rows, columns),
        env={**os.environ, "TERM": "xterm-256color", **environment},
    )  # fmt: skip


ENTERED, LEFT = "\x1b[?1049h", "\x1b[?1049l"


def test_a_statement_that_overflows_is_read_with_keys_then_left_standing():
    screen = spawn("kata", "attention")
    screen.expect_exact(ENTERED)
    screen.expect_exact("space: next page")
    assert "Scaled dot-product attention" in screen.before and "When you are ready" not in screen.before
    screen.send("G")
    screen.expect_exact("When you are ready")
    screen.expect_exact("go on")
    screen.send("x")  # means nothing here
    screen.send(" ")
    screen.expect_exact(LEFT)
    screen.expect(pexpect.EOF)
    assert "Scaled dot-product attention" in screen.before and "When you are ready" in screen.before
    screen.close()
    assert screen.exitstatus == 0


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"CI": "1"}, {"COLUMNS": "80", "LINES": "400"}])
def test_where_there_is_room_or_no_screen_it_is_printed(environment):
    screen = spawn("solution", "softmax", "--yes", **environment)
    screen.expect(pexpect.EOF)
    assert ENTERED not in screen.before and "the reference" in screen.before


def test_it_can_be_turned_off_and_an_editor_comes_at_once(dlkata):
    for turn_off, arguments in ((False, ("--edit",)), (True, ())):
        if turn_off:
            assert dlkata("config", "pager", "off").code == 0
        screen = spawn("kata", "attention", *arguments, EDITOR="true")
        screen.expect(pexpect.EOF)
        assert ENTERED not in screen.before and "When you are ready" in screen.before


def test_in_a_pipe_nothing_waits(dlkata):
    for arguments in (("kata", "attention"), ("why", "sqrt-dk", "--text"), ("solution", "adam", "--yes")):
        ran = dlkata(*arguments)
        assert ran.code == 0 and "\x1b" not in ran.out


def test_an_explanation_is_paged_in_chinese_too_and_a_narrow_window_is_laid_out_anew():
    screen = spawn("why", "sqrt-dk", "--text", "--lang", "zh")
    screen.expect_exact("空格：下一页")
    total = re.search(r"1–22/(\d+)", screen.before + screen.after)
    screen.setwinsize(24, 50)
    screen.expect(r"1–22/(\d+)")
    assert total and int(screen.match[1]) > int(total[1])
    screen.send("q")
    screen.expect_exact(LEFT)
    screen.expect(pexpect.EOF)


def test_one_of_many_rows_is_picked_and_stays_in_sight():
    picking = Picking(50, 0, 12)
    for key, at, top in [("up", 0, 0), ("page down", 9, 0), ("down", 10, 1), ("end", 49, 40), ("home", 0, 0)]:
        picking.press(key)
        assert (picking.at, picking.top) == (at, top), key
    assert Picking(3, 2, 12).top == 0
    use_language("en")
