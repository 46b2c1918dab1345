"""A host shut in by bubblewrap: no network, nothing writable but a scratch folder, no sight of the home folder."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from dlkata.content.roots import PACKAGE
from dlkata.errors import DlkataError
from dlkata.locale import _

PROGRAM = "bwrap"


def shut_in(command: Sequence[str], hidden: Iterable[Path], needed: Iterable[Path]) -> list[str]:
    """The command inside a sandbox. `hidden` folders look empty; `needed` ones stay readable even inside those."""
    arguments = [
        PROGRAM, "--die-with-parent", "--new-session", "--unshare-net", "--unshare-pid", "--unshare-ipc",
        "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
    ]  # fmt: skip
    for folder in sorted(
        {folder.resolve() for folder in hidden if folder.exists()}, key=lambda path: len(path.parts)
    ):
        arguments += ["--tmpfs", str(folder)]
    for folder in sorted({folder.resolve() for folder in needed if folder.exists()}):
        arguments += ["--ro-bind", str(folder), str(folder)]
    return [*arguments, "--chdir", "/", "--", *command]


def python_folders() -> list[Path]:
    """Where the interpreter, its packages and dlkata lie: some may be inside the home folder."""
    packages = [Path(path) for path in sys.path if path and Path(path).is_dir()]
    return [Path(sys.prefix), Path(sys.base_prefix), PACKAGE, *packages]


def obstacle() -> str | None:
    """Why there can be no sandbox on this machine, or None."""
    if sys.platform != "linux":
        return _("bubblewrap exists on Linux only")
    if shutil.which(PROGRAM) is None:
        return _("bubblewrap is not installed (apt install bubblewrap)")
    tried = subprocess.run(shut_in(["true"], [], []), capture_output=True, encoding="utf-8", check=False)
    return None if tried.returncode == 0 else (tried.stderr.strip().splitlines() or ["?"])[-1]


def demand() -> None:
    if (reason := obstacle()) is not None:
        raise DlkataError(
            _("No sandbox can be had here: {reason}.", reason=reason),
            _("Check without --sandbox, or set it up."),
        )
