"""The options one walks through: what each key does, and what stands on the screen then."""

import pytest
from rich.text import Text

from dlkata.ui.choosing import CLEAR, Choosing


def choosing(several: bool = False) -> Choosing:
    options = [[Text(f"  {letter}  option"), Text("     goes on")] for letter in "abc"]
    return Choosing(options, "abc", [Text("keys")], several)


def shown(choice: Choosing) -> list[str]:
    return [row.plain for row in choice.rows(40)]


def press(choice: Choosing, *keys: str) -> str | None:
    lines = [choice.press(key) for key in keys]
    assert all(line is None for line in lines[:-1])
    return lines[-1]


def test_nothing_is_highlighted_until_an_arrow_is_pressed():
    choice = choosing()
    assert not any("▸" in row for row in shown(choice)) and shown(choice)[-2:] == ["keys", "> "]
    assert press(choice, "enter") == ""


def test_the_highlight_is_a_mark_too_for_who_sees_no_bold():
    choice = choosing()
    press(choice, "down", "down")
    assert [row for row in shown(choice) if "▸" in row] == ["▸ b  option"]
    assert shown(choice)[-1] == "> b", "what Enter takes"
    assert press(choice, "enter") == "b"


@pytest.mark.parametrize(
    ("keys", "taken"),
    [
        (["up", "enter"], "c"),
        (["down"] * 4 + ["enter"], "a"),
        (["down", "up", "enter"], "c"),
        (["b", "enter"], "b"),
        (["b", "down", "enter"], "c"),
        (["down", "c", "enter"], "c"),
        (["不", "知", "道", "enter"], "不知道"),
        (["x", "y", "backspace", "enter"], "x"),
        (["x", "y", CLEAR, "a", "enter"], "a"),
        (["down", "escape", "enter"], ""),
        (["down", "page up", "\x01", "enter"], "a"),
    ],
)
def test_keys_of_one_choice(keys, taken):
    assert press(choosing(), *keys) == taken


@pytest.mark.parametrize(
    ("keys", "taken"),
    [
        (["down", " ", "down", "down", " ", "enter"], "a c"),
        (["up", " ", "up", " ", "down", " ", "enter"], "b"),
        (["down", "enter"], "a"),
        (["a", " ", "b", "enter"], "a b"),
        (["down", " ", "backspace", "b", " ", "c", "enter"], "b c"),
    ],
)
def test_keys_of_several_choices(keys, taken):
    assert press(choosing(several=True), *keys) == taken


def test_a_long_line_shows_its_end():
    choice = choosing()
    press(choice, *"一二三四五六七八九十一二三四五六七八九十")
    assert shown(choice)[-1].endswith("九十") and Text(shown(choice)[-1]).cell_len < 40
