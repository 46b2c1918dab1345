"""Attempts that come from another machine: put beside those that are here, none overwritten, none doubled."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.archive import ATTEMPT, LARGEST_ATTEMPT

IsStub = Callable[[str, bytes], bool]  # whether that kata's attempt is what it was created with
IsKept = Callable[[bytes], bool]  # whether the record holds that text: it was checked once


@dataclass(frozen=True)
class Placement:
    """A file to be written; what stands there is renamed first where `aside` says to what, or was a bare stub."""

    file: Path
    content: bytes
    changed: float | None
    aside: Path | None = None
    replaces: bool = False


def attempts_in(folder: Path, katas: Iterable[str]) -> Iterator[Path]:
    """The attempts at these katas, and their numbered copies. Whatever else lies in the folder is not ours."""
    for kata in sorted(set(katas)):
        file = folder / f"{kata}.py"
        for found in [file, *(copy for copy, _number in _copies(file))]:
            if found.is_file() and ATTEMPT.fullmatch(found.relative_to(folder).as_posix()):
                yield found


def _copies(file: Path) -> list[tuple[Path, int]]:
    copies = []
    for found in file.parent.glob(f"{file.stem}.*.py"):
        match = ATTEMPT.fullmatch(found.name)
        if match and match["number"] and match["kata"] == file.stem:
            copies.append((found, int(match["number"])))
    return sorted(copies, key=lambda copy: copy[1])


def is_small(file: Path) -> bool:
    return file.stat().st_size <= LARGEST_ATTEMPT


def placements(
    folder: Path,
    arriving: Mapping[str, bytes],
    changed: Mapping[str, float],
    is_stub: IsStub,
    is_kept: IsKept,
) -> list[Placement]:
    """Where each arriving file goes. The newer of two attempts at a kata becomes the one to go on with, and the older
    a numbered copy; bare stubs make way, and what is here already is not written again. Nor is an older state that
    the record holds: who goes to and fro between machines would have a copy of each."""
    by_kata: dict[str, dict[str, int]] = {}
    for name in arriving:
        match = ATTEMPT.fullmatch(name)
        assert match is not None, "an archive with other names was refused"
        by_kata.setdefault(match["kata"], {})[name] = int(match["number"] or 0)
    placed: list[Placement] = []
    for kata, names in sorted(by_kata.items()):
        place = _Place(kata, folder / f"{kata}.py", is_stub, is_kept)
        for name, number in sorted(names.items(), key=lambda entry: -entry[1]):
            content, when = arriving[name], changed.get(name)
            if number:
                placed += place.copy(content, when, number)
            else:
                placed += place.current(content, when)
    return placed


@dataclass
class _Place:
    """The files of one kata, as they are and as they will be."""

    kata: str
    file: Path
    is_stub: IsStub
    is_kept: IsKept
    here: dict[Path, bytes] = field(init=False)
    taken: set[Path] = field(init=False)

    def __post_init__(self) -> None:
        copies = [copy for copy, _number in _copies(self.file)]
        self.here = {file: file.read_bytes() for file in [self.file, *copies] if file.is_file()}
        self.taken = set(self.here)

    def copy(self, content: bytes, when: float | None, number: int) -> Iterator[Placement]:
        if content not in self.here.values():
            yield Placement(self._free(number), content, when)

    def current(self, content: bytes, when: float | None) -> Iterator[Placement]:
        ours = self.here.get(self.file)
        if ours is None:
            if os.path.lexists(self.file):
                raise DlkataError(_("{file} is not a file.", file=self.file), _("Move it away."))
            yield Placement(self.file, content, when)
        elif content in self.here.values() or self.is_stub(self.kata, content):
            return
        elif self.is_stub(self.kata, ours):
            yield Placement(self.file, content, when, replaces=True)
        elif when is not None and when > self.file.stat().st_mtime:
            yield Placement(self.file, content, when, aside=self._free(1))
        elif not self.is_kept(content):
            yield Placement(self._free(1), content, when)

    def _free(self, number: int) -> Path:
        while (file := self.file.with_suffix(f".{number}.py")) in self.taken or os.path.lexists(file):
            number += 1
        self.taken.add(file)
        return file


class Placing:
    """Writes all files or none: beside their places first, then moved there, and moved back if anything fails."""

    def __init__(self, placements: Iterable[Placement]):
        self.placements = list(placements)
        self._undo: list[Callable[[], object]] = []

    def place(self) -> None:
        file = Path()
        try:
            for folder in {placement.file.parent for placement in self.placements}:
                for left in folder.glob(
                    ".import-*"
                ):  # by an import that was killed; only one is here at a time
                    left.unlink()
            staged = []
            for placement in self.placements:
                file = placement.file
                staged.append((self._staged(placement), placement))
            for beside, placement in staged:
                file = placement.file
                self._move(beside, placement)
        except OSError as error:
            self.undo()
            raise DlkataError(
                _("{file} cannot be written: {reason}.", file=file, reason=error.strerror),
                _("Nothing was imported."),
            ) from None

    def undo(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _staged(self, placement: Placement) -> Path:
        folder = placement.file.parent
        for parent in reversed([folder, *folder.parents]):
            if not parent.exists():
                parent.mkdir()
                self._undo.append(parent.rmdir)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".import-")
        beside = Path(name)
        self._undo.append(lambda: beside.unlink(missing_ok=True))
        with os.fdopen(handle, "wb") as out:
            out.write(placement.content)
        beside.chmod(0o644)
        if placement.changed is not None:
            os.utime(beside, (placement.changed, placement.changed))
        return beside

    def _move(self, beside: Path, placement: Placement) -> None:
        file = placement.file
        kept = placement.aside or (beside.with_name(f"{beside.name}.stub") if placement.replaces else None)
        if kept is not None:
            file.rename(kept)
            self._undo.append(lambda: kept.replace(file))
        beside.rename(file)
        self._undo.append(lambda: file.unlink(missing_ok=True))

    def done(self) -> None:
        """All is well: what made way is no longer needed."""
        self._undo.clear()
        for placement in self.placements:
            if placement.replaces:
                for stub in placement.file.parent.glob(".import-*.stub"):
                    stub.unlink(missing_ok=True)
