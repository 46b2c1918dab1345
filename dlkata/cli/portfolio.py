"""`dlkata export --git DIR`"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlkata.errors import DlkataError
from dlkata.locale import _

if TYPE_CHECKING:
    from dlkata.study.moving import House


@dataclass(frozen=True)
class Written:
    folder: Path
    new: list[str]
    all: int


def export_to_git(house: "House", folder: Path) -> Written:
    from dlkata.progress.repository import Repository, author
    from dlkata.progress.writing import absolute
    from dlkata.study.portfolio import BEGIN, README, commits, solved

    folder = absolute(folder)
    repository = Repository(folder)
    found = solved(house.library, house.record)
    if not found:
        raise DlkataError(_("You have not solved a kata yet."), _("Begin one: dlkata list"), exit_code=1)
    if not folder.parent.is_dir():
        raise DlkataError(
            _("{folder} is not a folder.", folder=folder.parent), _("Make it, or name another.")
        )
    there, readme = set[str](), ""
    new = repository.is_new()
    if not new:
        ours = (folder / ".git").exists() and README in repository.files()
        readme = repository.text(README) if ours else ""
        if BEGIN not in readme:
            raise DlkataError(
                _("{file} is there already, and is no repository that dlkata wrote.", file=folder),
                _("Name a folder that is new or empty."),
            )
        there = repository.files()
    made = list(commits(house.library, found, there, readme))
    if new:
        repository.create(made, author())
    elif made:
        repository.append(made, author())
    return Written(folder, [one.kata.typed for one in found if one.file not in there], len(found))
