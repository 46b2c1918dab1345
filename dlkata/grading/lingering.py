"""When a host that nobody started for long ends: after idle minutes, when the installation changes, or when another
host has taken its place."""

import os
import socket
from pathlib import Path
from time import monotonic

from dlkata.content.roots import PACKAGE

LOOK = 5.0  # seconds between two looks at the installation


def stamp() -> int:
    """Changes with every edit of dlkata: another version must not be graded by this one."""
    newest = 0
    for folder, _folders, files in os.walk(PACKAGE):
        for name in files:
            if name.endswith(".py"):
                newest = max(newest, os.stat(os.path.join(folder, name)).st_mtime_ns)
    return newest


class Lease:
    def __init__(self, listener: socket.socket, seconds: float):
        self.path = Path(listener.getsockname())
        self.inode = self._inode()
        self.seconds = seconds
        self.used = self.looked = monotonic()
        self.stamp = stamp()

    def renew(self) -> None:
        self.used = monotonic()

    def ended(self) -> bool:
        """Whether it is time to go."""
        now = monotonic()
        if self._inode() != self.inode:
            return True  # the folder is gone, or a newer host listens there
        if now - self.looked > LOOK:
            self.looked = now
            if self.changed():
                return True
        return now - self.used > self.seconds

    def changed(self) -> bool:
        try:
            return stamp() != self.stamp
        except OSError:
            return True  # it is being replaced

    def release(self) -> None:
        if self._inode() == self.inode:
            self.path.unlink(missing_ok=True)

    def _inode(self) -> int:
        try:
            return self.path.stat().st_ino
        except OSError:
            return 0
