"""The list of everything where no screen of its own can be had: lines, and a prompt below them."""

import re
import shutil

import click

from dlkata.cli.output import print_lines
from dlkata.cli.pager import show_lines
from dlkata.cli.reader import Reader, plainly
from dlkata.cli.shelf import Shelf
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.study.catalogue import Entry, Wish
from dlkata.ui.catalogue import QUIET, count, row
from dlkata.ui.screen import console
from dlkata.ui.wrap import wrap

LEAST, BELOW = 5, 5  # rows at a time; lines that stand below them
ORDERED = re.compile(r"(?:([*ns])\s*)?(\d+)(?:\s+(.*))?", re.IGNORECASE)


def browse_plainly(shelf: Shelf, wish: Wish, *, advise: bool) -> None:
    if advise:
        click.echo(_("A browser with keys and scrolling: {command}", command="pip install 'dlkata[browse]'"))
    found, start, reader = shelf.catalogue.find(wish), 0, Reader()
    show = True
    while True:
        if show:
            _show(shelf, wish, found, start)
        typed = reader.line("> ")
        if typed is None or plainly(typed) in ("q", "quit", "exit", "退出"):
            return
        show = True
        if not typed.strip():
            page = _page_size()
            start = start + page if start + page < len(found) else 0
        elif (match := ORDERED.fullmatch(typed.strip())) and (match[1] or not match[3]):
            entry = found[int(match[2]) - 1] if 0 < int(match[2]) <= len(found) else None
            show = entry is not None and (match[1] or "").lower() in ("*", "n")
            if entry is None:
                click.echo(_("There is no number {number} in the list.", number=match[2]))
            else:
                _obey(shelf, (match[1] or "").lower(), entry, match[3] or "")
        else:
            wish = Wish(typed, wish.sort, wish.topic, wish.level, wish.mark, wish.bookmarked)
            found, start = shelf.catalogue.find(wish), 0


def _obey(shelf: Shelf, key: str, entry: Entry, text: str) -> None:
    try:
        if key == "*":
            shelf.toggle(entry)
        elif key == "n":
            shelf.note(entry, text)
        elif key == "s" and shelf.has_answer(entry):
            if not shelf.spoils(entry) or click.confirm(
                _("You have not passed this kata yet. Show the solution all the same?")
            ):
                show_lines(shelf.answer(entry))
        else:
            show_lines(shelf.page(entry))
    except DlkataError as error:
        click.echo(f"{error.message} {error.remedy}")


def _page_size() -> int:
    return max(LEAST, shutil.get_terminal_size().lines - BELOW)


def _show(shelf: Shelf, wish: Wish, found: list[Entry], start: int) -> None:
    from rich.text import Text

    width, page = console().width, _page_size()
    digits = len(str(len(found)))
    lines = [
        Text(f"{number:>{digits}} ", style=QUIET).append_text(
            row(entry, shelf.catalogue.remark(entry), width - digits - 1)
        )
        for number, entry in enumerate(found[start : start + page], start + 1)
    ]
    if not found:
        lines += wrap(Text(_("Nothing fits. Fewer words or filters find more.")), width)
    said = count(found, shelf.catalogue, wish, shelf.topics)
    keys = _(
        "words: search · a number: open · s 3 solution · * 3 bookmark · n 3 TEXT note · Enter: more · q quit"
    )
    print_lines([*lines, Text(), *wrap(Text(said), width), *wrap(Text(keys, style=QUIET), width)])
