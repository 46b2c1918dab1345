"""What a test found wrong, as data: the worker sends it, the CLI words it in the learner's language."""

import msgspec


class Finding(msgspec.Struct, omit_defaults=True):
    """One thing that is wrong. `kind` decides which of the other fields mean something (see ui/finding.py)."""

    kind: str
    name: str = ""  # which value: "output", "∂L/∂q", "state_dict['weight']"
    expected: str = ""
    actual: str = ""
    index: list[int] = []
    difference: float = 0.0
    wrong: int = 0
    total: int = 0
    map: list[str] = []  # rows of "·" (right) and "#" (wrong) over the last two axes
    en: str = ""  # a property's own sentence, where the suite words it
    zh: str = ""
    curve: list[float] = []  # training: the attempt's losses
    target_curve: list[float] = []  # training: the reference's losses


class Mismatch(AssertionError):
    """The attempt's value is not the right one."""

    def __init__(self, finding: Finding):
        self.finding = finding
        super().__init__(finding)

    def __str__(self) -> str:  # what plain pytest prints
        found = msgspec.to_builtins(self.finding)
        return ", ".join(f"{key}={value!r}" for key, value in found.items())
