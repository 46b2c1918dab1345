"""What a worker is told to do."""

from pathlib import Path
from typing import Literal

import msgspec

from dlkata.grading.protocol import Check, Done


class Job(msgspec.Struct):
    check: Check
    purpose: Literal["grade", "confirm", "room", "desk", "locate", "diagnose", "prove", "alarms", "try"]
    tests: list[str]
    seed: int
    forbids: list[str]
    evidence: list[Done] = []
    first: int = 0  # of the sources to try
    scratch: str = ""  # a folder that the attempt may write to, which goes away

    def file(self, *parts: str) -> Path:
        return Path(self.check.root, *parts)

    @property
    def reference_file(self) -> Path:
        return self.file("solutions", f"{self.check.stem}.py")
