"""Notices that a file was saved, however an editor does it.

By looking at it every few milliseconds: an atomic rename, truncate-and-write, a deleted and recreated file, a
folder that moves away and comes back all look the same from here, and there is no watch to lose.
"""

import os
from pathlib import Path

PAUSE = 0.01  # seconds between two looks

Signature = tuple[int, int, int] | None


class Saves:
    def __init__(self, file: Path):
        self.file = file
        self._checked = self._last = signature(file)

    def due(self) -> bool:
        """Whether there is a new version that has stood still since the last look. Called every PAUSE seconds."""
        now = signature(self.file)
        settled = now == self._last
        self._last = now
        if now is None or not settled or now == self._checked or now[1] == 0:
            return False  # deleted, still being written, known, or just truncated
        self._checked = now
        return True


def signature(file: Path) -> Signature:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
