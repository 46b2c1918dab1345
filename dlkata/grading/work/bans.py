"""Which calls are forbidden, and whether it is the attempt that makes them. `nets` hears of the calls."""

import inspect
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FunctionType
from typing import Any

import torch

from dlkata.content.names import plain
from dlkata.grading.protocol import Banned

TORCH = str(Path(torch.__file__).parent)
GRADER = str(Path(__file__).parent)
OUR_EARS = {
    __file__,
    str(Path(__file__).with_name("nets.py")),
}  # frames that stand between a call and its caller
OPTIMIZERS = "torch.optim"
OPTIMIZER_FREE = {"torch.optim.optimizer", "torch.optim.lr_scheduler", "torch.optim.swa_utils"}


def name_of(function: Any) -> str:
    if (schema := getattr(function, "_schema", None)) is not None:  # torch.ops.aten.softmax.int
        return schema.name.rpartition("::")[2]
    if (qualified := getattr(function, "_qualified_op_name", None)) is not None:
        return str(qualified).rpartition("::")[2]
    return getattr(function, "__name__", type(function).__name__)


class BanWatch:
    """Records each forbidden call that the attempt makes, with the attempt's line."""

    def __init__(self, forbids: Iterable[str], attempt: str, ours: Iterable[str]):
        self.forbidden = {plain(name) for name in forbids if name != OPTIMIZERS}
        self.forbids_optimizers = OPTIMIZERS in set(forbids)
        self.attempt = attempt
        self.ours = set(ours)  # files of the suite and the reference
        self.caught: list[Banned] = []
        self.harmless: set[Any] = set()  # functions that need not be observed again
        self.loading: set[str] = set()  # files of torch that are being imported and will be emptied

    @property
    def forbids_something(self) -> bool:
        return bool(self.forbidden) or self.forbids_optimizers

    def observe(self, function: Any) -> None:
        """Hears that a function is called."""
        if plain(name_of(function)) in self.forbidden:
            self.catch(name_of(function).strip("_"))
        else:
            self.harmless.add(function)

    def catch(self, call: str, *, anywhere: bool = False) -> None:
        """Keeps a forbidden call, if it is the attempt's. `anywhere`: nobody but the attempt makes any."""
        line = self.line_of_attempt(whoever=anywhere)
        banned = Banned(call, line)
        if (line or anywhere) and banned not in self.caught:
            self.caught.append(banned)

    def line_of_attempt(self, *, whoever: bool = False) -> int:
        """The attempt's line, if the nearest frame that is the attempt's or ours is the attempt's; else 0.

        `whoever`: also if a frame of ours is nearer.
        """
        frame = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            if file == self.attempt:
                return frame.f_lineno
            if not whoever and (file in self.ours or (file.startswith(GRADER) and file not in OUR_EARS)):
                return 0
            frame = frame.f_back  # type: ignore[assignment]
        return 0

    # ------------------------------------------------------------ aliases and subclasses

    def borrowed(self, value: Any) -> str | None:
        """What forbidden thing `value` is, or is a subclass of."""
        if isinstance(value, type):
            for base in value.__mro__:
                if (base.__module__ or "").startswith("torch") and plain(base.__name__) in self.forbidden:
                    return base.__name__
            if self.forbids_optimizers and (optimizer := built_in_optimizer(value)) is not None:
                return f"{OPTIMIZERS}.{optimizer.__name__}"
            return None
        name = name_of(value)
        return name if callable(value) and plain(name) in self.forbidden and _is_torchs(value) else None


def _is_torchs(value: Any) -> bool:
    code = getattr(inspect.unwrap(value), "__code__", None)
    return code.co_filename.startswith(TORCH) if code is not None else True


def takes_steps(value: Any) -> bool:
    """An optimizer of torch's own, or a function that takes its steps; not their common base."""
    home = getattr(value, "__module__", "") or ""
    if not home.startswith("torch.optim.") or home in OPTIMIZER_FREE:
        return False
    return isinstance(value, FunctionType) or issubclass(value, torch.optim.Optimizer)


def built_in_optimizer(kind: type) -> type | None:
    """The torch.optim optimizer that `kind` is or inherits from; the bare base class Optimizer does not count."""
    for base in kind.__mro__:
        if base.__module__.startswith("torch.optim") and base.__name__ != "Optimizer":
            return base
    return None
