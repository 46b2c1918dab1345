"""A file that is written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.places import data_folder


def absolute(target: Path) -> Path:
    """With a `~` that no shell has resolved; a name that no file can have is told."""
    try:
        target = target.expanduser().absolute()
        target.exists()
    except RuntimeError:
        raise DlkataError(
            _("{folder}: there is no such user.", folder=target), _("Name a file elsewhere.")
        ) from None
    except (OSError, ValueError) as error:  # too long, or with a NUL in it
        raise _unwritable(Path(target.name[:40]), getattr(error, "strerror", None) or error) from None
    return target


def free_for(target: Path, *, replace: bool) -> Path:
    """The target, if a file may be written there; said before any work is done for it."""
    target = absolute(target)
    if target.is_dir():
        raise DlkataError(_("{file} is a folder, not a file.", file=target), _("Name a file in it."))
    if target.exists() and not target.is_file():  # a device: as root one could replace it
        raise DlkataError(_("{file} is not a file.", file=target), _("Name a file elsewhere."))
    if not target.parent.is_dir():
        raise DlkataError(
            _("{folder} is not a folder.", folder=target.parent), _("Make it, or name another file.")
        )
    if os.path.lexists(target) and not replace:
        raise DlkataError(
            _("{file} is there already.", file=target), _("Name another file, or add --force to replace it.")
        )
    if target.parent.resolve().is_relative_to(data_folder().resolve()):
        raise DlkataError(
            _("{folder} is where dlkata keeps your record.", folder=target.parent),
            _("Name a file elsewhere."),
        )
    if not os.access(target.parent, os.W_OK):
        raise _unwritable(target, _("you may not write to its folder"))
    return target


@contextmanager
def written(target: Path) -> Iterator[Path]:
    """An empty file to write to, which becomes the target if all goes well; what stood there stays until then."""
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise _unwritable(target, error.strerror) from None
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        with open(beside, "rb") as whole:
            os.fsync(whole.fileno())
        beside.chmod(0o666 & ~_umask())
        os.replace(beside, target)
    except OSError as error:
        raise _unwritable(target, error.strerror or str(error)) from None
    finally:
        beside.unlink(missing_ok=True)


def _umask() -> int:
    """What a file of the learner's usually denies others (a temporary one denies everything)."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _unwritable(target: Path, reason: object) -> DlkataError:
    return DlkataError(
        _("{file} cannot be written: {reason}.", file=target, reason=reason), _("Name a file elsewhere.")
    )
