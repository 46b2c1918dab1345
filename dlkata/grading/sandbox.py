"""A host shut in by bubblewrap: namespaces and a file system of its own, no capability, no network, no home folder."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from dlkata.content.roots import PACKAGE
from dlkata.errors import DlkataError
from dlkata.locale import _

PROGRAM = "bwrap"


# What a program needs of the system: libraries, and how they are found.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf",
          "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime", "/etc/passwd", "/nix/store",
          "/sys/devices/system/cpu", "/sys/devices/system/node")  # fmt: skip


def shut_in(command: Sequence[str], hidden: Iterable[Path], needed: Iterable[Path]) -> list[str]:
    """The command inside a sandbox: of the files it sees the system's, and those `needed`, to read; of these what is
    `hidden` looks empty, save for what is needed within it."""
    arguments = [PROGRAM, "--die-with-parent", "--new-session", "--unshare-all", "--cap-drop", "ALL"]
    for path in map(Path, SYSTEM):
        if path.is_symlink() and path.parent == Path("/"):
            arguments += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            arguments += ["--ro-bind", str(path), str(path)]
    arguments += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    visible = {folder.resolve() for folder in needed if folder.exists()}
    empty = {folder.resolve() for folder in hidden if folder.exists()} - visible
    for folder in sorted(visible | empty, key=lambda path: (len(path.parts), path)):
        arguments += (
            ["--ro-bind", str(folder), str(folder)] if folder in visible else ["--tmpfs", str(folder)]
        )
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
