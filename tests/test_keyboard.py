"""Single keys: characters of any length, arrows under their names, and nothing that belongs to the next reader."""

import os
import pty

import pytest
from rich.text import Text

from dlkata.ui import keyboard
from dlkata.ui.keyboard import Keyboard
from dlkata.ui.scroll import Scroll


@pytest.fixture
def typed(monkeypatch):
    """Types into a terminal of its own; then all keys that come of it."""
    master, slave = pty.openpty()
    terminal = os.fdopen(slave, "r")
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr(keyboard, "BETWEEN", 0.2)

    def keys(text: bytes) -> list[str]:
        found = []
        with Keyboard() as board:
            os.write(master, text)
            while key := board.wait(0.3):
                found.append(key)
        return found

    yield keys
    terminal.close()
    os.close(master)


def test_characters_and_names(typed):
    assert typed("aB不?".encode()) == ["a", "B", "不", "?"]
    assert typed(b"\x1b[A\x1b[B\x1bOA\x1b[5~\n\x7f") == ["up", "down", "up", "page up", "enter", "backspace"]
    assert typed(b"\x1b") == ["escape"]


def test_a_sequence_of_no_key_of_ours_is_swallowed_whole(typed):
    assert typed(b"\x1b[15~") == [] and typed(b"\x1b[1;5C") == []


def lines(count: int) -> list[Text]:
    return [Text(str(number)) for number in range(count)]


def test_a_long_list_is_moved_through_and_stops_at_its_ends():
    scroll = Scroll(lines(50), 12)
    assert [line.plain for line in scroll.frame()][:10] == [str(n) for n in range(10)]
    assert scroll.frame()[-1].plain.startswith("1–10/50")
    scroll.press("up")
    assert scroll.top == 0 and not scroll.at_end
    for _time in range(20):
        scroll.press("page down")
    assert scroll.top == 40 and scroll.frame()[-1].plain.startswith("41–50/50")
    assert scroll.at_end
    scroll.press("home")
    assert scroll.top == 0
    scroll.press("x")
    assert scroll.top == 0


def test_what_fits_is_at_its_end_at_once():
    scroll = Scroll(lines(3), 12, top=7)
    assert [line.plain for line in scroll.frame()][:4] == ["0", "1", "2", ""] and scroll.at_end
    assert len(scroll.frame()) == 12
