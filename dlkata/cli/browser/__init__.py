"""The browser: a screen of its own, made with Textual, which nothing else imports."""

import gc

from dlkata.cli.shelf import Shelf
from dlkata.study.catalogue import Wish


def settle(shelf: Shelf) -> None:
    """Reads the list. It stays to the end: looked through for rubbish while one types, it would cost 50 ms."""
    assert shelf.catalogue
    gc.collect()
    gc.freeze()


def browse(shelf: Shelf, wish: Wish) -> list[str] | None:
    """Shows the list until one leaves it; what to practise then, as it is typed after `dlkata`."""
    from dlkata.cli.browser.browser import Browser

    settle(shelf)
    return Browser(shelf, wish).run()
