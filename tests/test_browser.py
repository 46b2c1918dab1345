"""The browser on its own screen, driven by Textual's pilot."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

pytest.importorskip("textual")

from textual.pilot import Pilot
from textual.widgets import Static

from dlkata.cli.app import App
from dlkata.cli.browser.browser import Browser, Search
from dlkata.cli.browser.dialogs import NoteDialog, OneOf, YesNo
from dlkata.cli.browser.lines import Lines, Rows
from dlkata.cli.browser.reading import Reading
from dlkata.cli.shelf import Shelf
from dlkata.locale import use_language
from dlkata.progress.answers import Answer, Answers, Outcome
from dlkata.progress.record import Kind, open_record
from dlkata.progress.remarks import Remark, Remarks
from dlkata.study.catalogue import Catalogue, Entry, Sort, Wish
from dlkata.study.mastery import Mark
from dlkata.study.scheduler import advance

Act = Callable[[Browser, Pilot], Coroutine[Any, Any, None]]


def drive(act: Act, wish: Wish | None = None, size: tuple[int, int] = (80, 24), shelf: Shelf | None = None):
    """Runs `act` against a browser; what the browser returns."""
    browser = Browser(shelf or Shelf(App()), wish or Wish())

    async def run() -> None:
        async with browser.run_test(size=size) as pilot:
            await pilot.pause()
            await act(browser, pilot)

    asyncio.run(run())
    return browser.return_value


def typed(text: str) -> list[str]:
    return ["space" if character == " " else character for character in text]


def shown(browser: Browser, name: str = "#keys") -> str:
    return str(browser.screen.query_one(name, Static).content)


def page(browser: Browser) -> str:
    return "\n".join(line.plain for line in browser.screen.query_one("#page", Lines).lines)


@pytest.fixture
def record(home):
    record = open_record(home / "data" / "record.db")
    yield record
    record.close()


def test_typing_searches_and_enter_opens(home):
    async def act(browser: Browser, pilot: Pilot) -> None:
        assert isinstance(browser.focused, Search)
        everything = len(browser.rows.found)
        await pilot.press(*typed("scaled dot"))
        assert 0 < len(browser.rows.found) < everything and browser.rows.entry.name == "attention"
        await pilot.press("enter")
        assert isinstance(browser.screen, Reading) and "√dₖ" in page(browser)
        await pilot.press("escape")
        assert browser.query_one(Search).value == "scaled dot"
        await pilot.press("escape")
        assert len(browser.rows.found) == everything
        await pilot.press("escape")

    assert drive(act) is None


def test_both_languages_are_searched_whatever_the_screen_speaks(home):
    async def act(browser: Browser, pilot: Pilot) -> None:
        browser.query_one(Search).value = "缩放点积"
        await pilot.pause()
        assert browser.rows.entry.name == "attention"

    drive(act)
    use_language("zh")
    drive(act)


def test_arrows_go_into_the_list_and_back_to_the_search(home):
    async def act(browser: Browser, pilot: Pilot) -> None:
        await pilot.press("down")
        assert browser.focused is browser.rows and "search" in shown(browser)
        await pilot.press("down", "down", "end")
        assert browser.rows.at == len(browser.rows.found) - 1
        assert browser.rows.scroll_offset.y > 100, "what is highlighted is in sight"
        await pilot.press("home", "up")
        assert isinstance(browser.focused, Search)
        await pilot.press("tab", "slash")
        assert isinstance(browser.focused, Search)

    drive(act)


def test_filters_are_turned_on_by_keys_and_said(home):
    async def act(browser: Browser, pilot: Pilot) -> None:
        await pilot.press("down", "l", "k")
        assert (browser.wish.level, browser.wish.sort) == (1, Sort.KATA)
        assert {(e.level, e.sort) for e in browser.rows.found} == {(1, Sort.KATA)}
        assert "level 1" in shown(browser, "#status")
        await pilot.press("s", "s")
        assert browser.wish.mark is Mark.LEARNING and "Nothing fits" in shown(browser, "#status")
        await pilot.press("c")
        assert browser.wish == Wish()
        await pilot.press("t")
        assert isinstance(browser.screen, OneOf)
        await pilot.press("down", "enter")
        assert {e.topic for e in browser.rows.found} == {browser.wish.topic}
        await pilot.press("t", "escape", "q")

    assert drive(act) is None


def test_bookmarks_and_notes_are_kept(home, record):
    async def act(browser: Browser, pilot: Pilot) -> None:
        await pilot.press(*typed("scaled dot"), "asterisk")
        assert browser.query_one(Search).value == "scaled dot", "a star is a key, not a word"
        await pilot.press("down", "n")
        assert isinstance(browser.screen, NoteDialog)
        await pilot.press(*typed("ask twice"), "enter")
        await pilot.press("n", "x", "escape")  # left as it was
        await pilot.press("b")
        assert [e.name for e in browser.rows.found] == ["attention"]
        await pilot.press("enter")
        assert page(browser).startswith("“ask twice”")
        await pilot.press("asterisk", "escape")
        assert browser.rows.found == []

    drive(act)
    assert Remarks(record).all() == {"kata:attention": Remark(False, "ask twice")}
    assert record.last_kata() is None, "to look at a list is no work on a kata"


def test_a_solution_that_was_not_earned_is_asked_about_and_a_look_is_kept(home, record):
    async def act(browser: Browser, pilot: Pilot) -> None:
        await pilot.press(*typed("scaled dot"), "enter", "s")
        assert isinstance(browser.screen, YesNo)
        await pilot.press("n")
        assert "import torch" not in page(browser) and not record.given_up("attention")
        await pilot.press("s", "y")
        assert "the reference" in page(browser) and record.given_up("attention")
        assert all(line.cell_len <= 78 for line in browser.screen.query_one("#page", Lines).lines)
        await pilot.press("s")
        assert "the reference" not in page(browser)

    drive(act)


def test_after_a_pass_the_solution_is_shown_at_once(home, record):
    record.add(Kind.CHECKED, "attention", datetime.now(UTC), passed=True)

    async def act(browser: Browser, pilot: Pilot) -> None:
        await pilot.press(*typed("scaled dot"), "enter", "s")
        assert "the reference" in page(browser)

    drive(act)


def test_a_question_that_was_met_is_read_and_its_answer_behind_a_key(home, record):
    now = datetime.now(UTC)
    answer = Answer("sqrt_dk.purpose", Outcome.RIGHT, now.toordinal(), rating=3)
    Answers(record).add(answer, now, advance)

    async def act(browser: Browser, pilot: Pilot) -> None:
        assert browser.rows.entry.name == "sqrt_dk.purpose" and browser.rows.entry.mark is Mark.LEARNING
        await pilot.press("enter")
        assert "✓" not in page(browser)
        await pilot.press("s")
        assert "✓" in page(browser) and "✗" in page(browser)
        await pilot.press("enter")

    assert drive(act, Wish(sort=Sort.QUESTION)) == ["quiz", "--concept", "sqrt-dk"]


def test_a_path_is_read_with_its_steps(home):
    async def act(browser: Browser, pilot: Pilot) -> None:
        await pilot.press("enter")
        assert "quiz --concept" in page(browser) and "○" in page(browser)
        await pilot.press("enter")

    returned = drive(act, Wish(sort=Sort.PATH))
    assert returned and returned[0] == "path"


def test_what_is_read_can_be_practised_or_run(home):
    async def start(browser: Browser, pilot: Pilot) -> None:
        await pilot.press(*typed("scaled dot"), "enter", "r", "enter")

    async def experiment(browser: Browser, pilot: Pilot) -> None:
        await pilot.press("enter", "right")
        assert isinstance(browser.screen, Reading) and browser.screen.entry is browser.rows.found[1]
        await pilot.press("left", "r")

    assert drive(start) == ["kata", "attention"]
    assert drive(experiment, Wish(words="kv cache", sort=Sort.CONCEPT)) == ["why", "kv-cache"]


@pytest.mark.parametrize(("columns", "beside"), [(80, False), (130, True)])
def test_a_wide_screen_shows_what_is_highlighted(home, columns, beside):
    async def act(browser: Browser, pilot: Pilot) -> None:
        preview = browser.query_one("#preview", Lines)
        assert preview.display is beside
        await pilot.press("down", "down")
        assert bool(preview.lines) is beside
        await pilot.resize_terminal(60, 12)
        assert not preview.display and len(browser.rows.found) > 100

    drive(act, size=(columns, 30))


def test_no_color_leaves_the_highlight_in_sight(home, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def act(browser: Browser, pilot: Pilot) -> None:
        await pilot.press("down", "down")
        drawn = [list(browser.rows.render_line(y)) for y in range(4)]
        assert [all(piece.style.reverse for piece in row) for row in drawn] == [False, True, False, False]
        assert browser.native_ansi_color
        painted = browser._filters[-1].apply(drawn[1], browser.ansi_theme)  # what reaches the terminal
        assert all(piece.style.color is None or piece.style.color.is_default for piece in painted)
        await pilot.press("enter", "escape", "t", "escape")

    drive(act, size=(130, 30))


def test_a_window_of_a_few_rows_still_works(home):
    async def act(browser: Browser, pilot: Pilot) -> None:
        await pilot.press("down", "end", "home", "enter", "s", "space", "escape")
        await pilot.resize_terminal(20, 5)
        await pilot.press("n", "escape", "t", "escape", "q")

    assert drive(act, size=(30, 8)) is None


def test_without_a_record_it_still_lists_and_says_why_nothing_is_kept(home):
    app = App()
    app.__dict__["record"] = None

    async def act(browser: Browser, pilot: Pilot) -> None:
        await pilot.press("asterisk")
        assert "no record" in shown(browser, "#status") and browser.rows.found

    drive(act, shelf=Shelf(app))


def test_twenty_thousand_rows_cost_what_is_in_sight(home):
    shelf = Shelf(App())
    many = [Entry(Sort.QUESTION, f"c{n}.q", ("?", "？"), "torch", Mark.NEW, f"c{n}.q", f"number{n}") for n in range(20_000)]  # fmt: skip
    shelf.__dict__["catalogue"] = Catalogue(many)
    drawn = []

    async def act(browser: Browser, pilot: Pilot) -> None:
        strip, rows = Rows.strip, browser.rows
        rows.strip = lambda line: drawn.append(line) or strip(rows, line)
        await pilot.press(*typed("number19"))
        assert len(rows.found) == 1111 and len(drawn) < 1000
        await pilot.press("down", "end")
        assert rows.entry.name == "c19999.q"

    drive(act, shelf=shelf)
