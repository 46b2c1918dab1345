"""Which katas are begun: those whose attempt says something that its stub did not. Looking at one is no beginning."""

from collections.abc import Iterable
from datetime import datetime

from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.progress.workspace import Workspace, read_attempt


def begun(katas: Iterable[Kata], workspace: Workspace) -> dict[str, datetime]:
    """By name, when the attempt was last written."""
    by_name = {kata.name: kata for kata in katas}
    edited = workspace.edited(list(by_name))
    return {name: when for name, when in edited.items() if is_begun(by_name[name], workspace)}


def is_begun(kata: Kata, workspace: Workspace) -> bool:
    try:
        return not kata.is_untouched(read_attempt(workspace.file(kata.name)))
    except DlkataError:
        return True  # no text that could be read, so not the one we wrote
