"""The learner's attempts: one file a kata, never overwritten, never deleted."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dlkata.errors import DlkataError
from dlkata.locale import _


@dataclass(frozen=True)
class Workspace:
    folder: Path

    def file(self, kata: str) -> Path:
        return self.folder / f"{kata}.py"

    def create(self, kata: str, text: str) -> bool:
        """Writes a new attempt; False if there is one already, which is left as it is."""
        file, begun = self.file(kata), False
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with open(file, "x", encoding="utf-8", newline="\n") as out:
                begun = True
                out.write(text)
        except FileExistsError:
            if file.parent.is_dir():
                return False
            raise DlkataError(_("{folder} is not a folder.", folder=file.parent), self._remedy()) from None
        except OSError as error:
            if begun:
                file.unlink()  # the disk is full: half a stub would be taken for an attempt
            raise DlkataError(
                _("{file} cannot be written: {reason}.", file=file, reason=error.strerror), self._remedy()
            ) from None
        return True

    def set_aside(self, kata: str) -> Path:
        """Renames the attempt to the next numbered copy."""
        file, number = self.file(kata), 1
        while (copy := file.with_suffix(f".{number}.py")).exists():
            number += 1
        try:
            file.rename(copy)
        except OSError as error:
            raise DlkataError(
                _("{file} cannot be renamed: {reason}.", file=file, reason=error.strerror), self._remedy()
            ) from None
        return copy

    def edited(self, katas: list[str]) -> dict[str, datetime]:
        """When each attempt that exists was last written."""
        times = {}
        for kata in katas:
            try:
                times[kata] = datetime.fromtimestamp(self.file(kata).stat().st_mtime, UTC)
            except OSError:
                continue
        return times

    @staticmethod
    def _remedy() -> str:
        return _("Choose another folder: dlkata config workspace FOLDER, or DLKATA_WORKSPACE.")


def read_attempt(file: Path) -> str:
    """The source of an attempt; one clear sentence where there is none."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DlkataError(_("{file} does not exist.", file=file)) from None
    except IsADirectoryError:
        raise DlkataError(_("{file} is a folder; name a Python file or a kata.", file=file)) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DlkataError(
            _("{file}:{line}: not UTF-8.", file=file, line=line), _("Save the file as UTF-8 and check again.")
        ) from None
    except OSError as error:
        raise DlkataError(_("{file} cannot be read: {reason}.", file=file, reason=error.strerror)) from None
