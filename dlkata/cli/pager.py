"""Shows long text page by page where a screen is too small for it, and leaves it standing in the terminal."""

import os
import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from dlkata.cli.output import print_lines
from dlkata.ui.screen import console, interactive

if TYPE_CHECKING:
    from rich.text import Text

    from dlkata.ui.scroll import Note

    Page = Callable[[int], list[Text]]

PROMPT = 2  # rows that the shell takes below it


def show_lines(
    page: "Page", *, on_screen: "Page | None" = None, paged: bool = True, note: "Note | None" = None
) -> None:
    """Read from the top, with keys, where it overflows the terminal; then printed, as where it does not: what was
    read stays in sight, with its last lines above the prompt. `on_screen`: the same, with no line wider than that.
    `note`: what stands below while one reads, or None where the reading has to end."""
    if paged and _overflows(len(page(console().width))):
        _scroll(on_screen or page, note)
    print_lines(page(console().width))


def _overflows(count: int) -> bool:
    if not interactive() or console().is_dumb_terminal or sys.platform == "win32" or os.environ.get("CI"):
        return False
    return count > shutil.get_terminal_size().lines - PROMPT and _is_wanted()


def _is_wanted() -> bool:
    from dlkata.progress.places import data_folder
    from dlkata.progress.settings import load_settings

    return load_settings(data_folder()).get("pager") != "off"


def _scroll(page: "Page", note: "Note | None") -> None:
    from dlkata.ui.keyboard import Keyboard
    from dlkata.ui.scroll import scroll_on
    from dlkata.ui.stage import Stage

    with Keyboard() as keyboard, Stage() as stage:
        scroll_on(stage, keyboard, page, note)
