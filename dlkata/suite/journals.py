"""The values that are judged, written down before they are.

The journal of an attempt, set beside the journals of the known bugs, is what the diagnosis reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

import numpy as np
import torch
from torch import Tensor

from dlkata.texts import as_text

PLAIN_TENSORS = (Tensor, torch.nn.Parameter)


@dataclass
class Observation:
    name: str
    value: Tensor | str  # a detached copy on the CPU; a word for what is no tensor
    tolerance: tuple[float, float]
    target: float | None = None  # of a bound


@dataclass(frozen=True)
class Bound:
    """A number that has to lie near a target, or to reach it."""

    name: str
    value: float
    target: float
    within: float | None  # None: at least the target


@dataclass
class Journal:
    """The values judged during one test, in order."""

    observations: list[Observation] = field(default_factory=list)
    bounds: list[Bound] = field(default_factory=list)

    def clear(self) -> None:
        self.observations, self.bounds = [], []

    def record(
        self, name: str, value: object, tolerance: tuple[float, float], target: float | None = None
    ) -> None:
        self.observations.append(Observation(name, _kept(value), tolerance, target))


journal = Journal()


def is_plain(value: object) -> TypeGuard[Tensor]:
    """A tensor of no class of its own that holds its numbers one beside the other."""
    return type(value) in PLAIN_TENSORS and _unusual(value) == ""  # type: ignore[arg-type]


def _unusual(tensor: Tensor) -> str:
    """A word for a tensor whose numbers cannot be read as they lie."""
    if tensor.is_nested:
        return "nested"
    if tensor.is_quantized:
        return "quantized"
    if tensor.layout is not torch.strided:
        return str(tensor.layout).removeprefix("torch.").removeprefix("_")
    return "meta" if tensor.is_meta else ""


def _kept(value: object) -> Tensor | str:
    if is_plain(value):
        return value.detach().cpu().clone()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return torch.tensor(float(value), dtype=torch.float64)
    return kind_of(value)


def kind_of(value: object) -> str:
    """A word for a value that is no plain tensor: None, 'tuple of 3', 'float 0.5'."""
    if value is None:
        return "None"
    if isinstance(value, str):
        return as_text(value)
    if type(value) in PLAIN_TENSORS:
        return f"{_unusual(value)} tensor".lstrip()  # type: ignore[arg-type]
    if isinstance(value, (tuple, list, Mapping)):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, (bool, int, float)):
        return f"{type(value).__name__} {value:.6g}"
    return type(value).__name__


def brief(value: object) -> str:
    if is_plain(value):
        entries = numbers(value)
        return f"{entries.item():.6g}" if entries.size == 1 else f"tensor {tuple(entries.shape)}"
    return kind_of(value)


def numbers(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().to(torch.float64).numpy()
