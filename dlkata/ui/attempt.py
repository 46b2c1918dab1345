"""The text of a new attempt: the statement as a raw docstring, in the learner's language, then the stub."""

from dlkata.content.kata import Kata
from dlkata.locale import _
from dlkata.ui.page import plain

WIDTH = 79  # fits the narrowest terminal, and Vim beside its line numbers breaks nothing


def attempt_text(kata: Kata, check_command: str) -> str:
    statement = plain(kata.section.body, WIDTH).replace('"""', "'''")
    last = _("Check it with `{command}`.", command=check_command)
    return f'r"""{kata.title}\n\n{statement}\n\n{last}\n"""\n\n{kata.opening}'
