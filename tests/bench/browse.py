"""7 · The list of everything: until it stands on the screen, and a key typed into its search with 20,000 questions.

What one process does alone is told in its own processor time: others may be busy beside it.
"""

import asyncio
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice

import pexpect

from dlkata.cli.app import App
from dlkata.cli.shelf import Shelf
from dlkata.content.library import Library
from dlkata.content.wording import wordings
from dlkata.study.catalogue import Catalogue, Entry, Sort, Wish
from dlkata.study.mastery import Mark
from tests.bench.clock import DLKATA, medians

QUESTIONS = 20_000
TYPED = ("attention softmax", "layer norm gradient", "显存 带宽", "xyzzy")


def rows() -> Iterator[tuple[str, float, str]]:
    with tempfile.TemporaryDirectory() as home:
        seconds = medians(browse=lambda: _list_stands(home))
        yield "browse: seconds until the list stands", seconds["browse"], "≤ 1.5"
        before = _seconds_of_children()
        _list_stands(home)
        yield "browse: of these, processor time", _seconds_of_children() - before, "≤ 1.5"
    shelf = Shelf(App())
    shelf.__dict__["catalogue"] = many = Catalogue(_questions())
    keys = [word[:end] for word in TYPED for end in range(1, len(word) + 1)]
    found = [_milliseconds(lambda: many.find(Wish(words=words))) for words in keys for _time in range(3)]  # noqa: B023
    yield "browse: ms a key among 20,000 questions, median", statistics.median(found), ""
    yield "browse: ms a key among 20,000 questions, slowest", max(found), "≤ 50"
    pressed = asyncio.run(_pressed(shelf))
    yield "browse: ms from a key to the row drawn, median", statistics.median(pressed), ""
    yield "browse: ms from a key to the row drawn, slowest", max(pressed), "≤ 50"


def _list_stands(home: str) -> None:
    screen = pexpect.spawn(
        DLKATA, ["browse", "--lang", "en"], timeout=60, dimensions=(24, 80),
        env={**os.environ, "TERM": "xterm-256color", "DLKATA_HOME": home},
    )  # fmt: skip
    screen.expect_exact(b"to the list")
    screen.close(force=True)


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _questions() -> list[Entry]:
    """Those of the built-in bank, over and over under other names."""
    library = Library()
    one_each = [
        Entry(Sort.QUESTION, f"{name}.{stem}", asks.lines, "torch", Mark.NEW, name, asks.sought, 2)
        for name, page in wordings(library.index, None).items()
        for stem, asks in page.asks.items()
    ]
    return [
        replace(entry, name=f"{entry.name}{number}", text=f"{entry.text}{number}")
        for number, entry in enumerate(islice(cycle(one_each), QUESTIONS))
    ]


def _milliseconds(task) -> float:
    start = time.process_time()
    task()
    return 1000 * (time.process_time() - start)


async def _pressed(shelf: Shelf) -> list[float]:
    """From the change of the search's text to the frame in which the list is drawn anew."""
    from textual.strip import Strip

    from dlkata.cli.browser import settle
    from dlkata.cli.browser.browser import Browser, Search
    from dlkata.cli.browser.lines import Rows

    settle(shelf)
    browser, drawn, times = Browser(shelf, Wish()), asyncio.Event(), []
    strip = Rows.strip

    def told(rows: Rows, line) -> Strip:
        drawn.set()
        return strip(rows, line)

    Rows.strip = told  # type: ignore[method-assign]
    try:
        async with browser.run_test(size=(80, 24)) as pilot:
            search = browser.query_one(Search)
            for word in TYPED:
                for end in range(1, len(word) + 1):
                    await pilot.pause()
                    drawn.clear()
                    start = time.process_time()
                    search.value = word[:end]
                    await asyncio.wait_for(drawn.wait(), 5)
                    times.append(1000 * (time.process_time() - start))
    finally:
        Rows.strip = strip  # type: ignore[method-assign]
    return times
