"""The values that are judged, written down before they are.

The journal of an attempt, set beside the journals of the known bugs, is what the diagnosis reads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

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


def _kept(value: object) -> Tensor | str:
    if type(value) in PLAIN_TENSORS:
        return value.detach().cpu().clone()  # type: ignore[attr-defined]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return torch.tensor(float(value), dtype=torch.float64)
    return kind_of(value)


def kind_of(value: object) -> str:
    """A word for a value that is no plain tensor: None, 'tuple of 3', 'float 0.5'."""
    if value is None:
        return "None"
    if isinstance(value, str):
        return value
    if isinstance(value, (tuple, list, Mapping)):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, (bool, int, float)):
        return f"{type(value).__name__} {value:.6g}"
    return type(value).__name__


def brief(value: object) -> str:
    if type(value) in PLAIN_TENSORS:
        entries = numbers(value)  # type: ignore[arg-type]
        return f"{entries.item():.6g}" if entries.size == 1 else f"tensor {tuple(entries.shape)}"
    return kind_of(value)


def numbers(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().to(torch.float64).numpy()
