"""The browser: a screen of its own, made with Textual, which nothing else imports."""

from dlkata.cli.shelf import Shelf
from dlkata.study.catalogue import Wish


def browse(shelf: Shelf, wish: Wish) -> list[str] | None:
    """Shows the list until one leaves it; what to practise then, as it is typed after `dlkata`."""
    from dlkata.cli.browser.browser import Browser

    return Browser(shelf, wish).run()
