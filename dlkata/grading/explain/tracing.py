"""Keeps every floating tensor that appears in a file while it runs, line by line."""

from dataclasses import dataclass, field
from functools import cached_property
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST_VALUES = 600
LARGEST = 100_000
RETURN = "return"
OWN = ("_parameters", "_buffers")  # of a module: attributes to its author


@dataclass(frozen=True)
class Value:
    line: int
    name: str
    array: np.ndarray
    origin: Any = None  # the node of the autograd graph that computed it
    rough: bool = False  # not float64: right ways of computing it differ more
    wanted_at: int = 0  # the line that called for it, if it was returned

    @cached_property
    def entries(self) -> np.ndarray:
        return np.sort(self.array.ravel())

    @cached_property
    def extremes(self) -> np.ndarray:
        return self.entries[[0, -1]]


@dataclass
class Tracer:
    """Keeps the values that appear in one file."""

    file: str
    values: list[Value] = field(default_factory=list)
    inputs: list[Value] = field(default_factory=list)  # arguments as they came: known to both sides
    _frames: dict[int, dict[str, tuple[int, int, int]]] = field(default_factory=dict)
    _lines: dict[int, int] = field(default_factory=dict)

    def begin(self, frame: FrameType) -> Any:
        seen = {}
        for name, value in _tensors(frame):
            seen[name] = _identity(value)
            if not name.startswith("self."):
                self._keep(self.inputs, frame, frame.f_lineno, name, value)
        self._frames[id(frame)] = seen
        self._lines[id(frame)] = frame.f_lineno
        return self.step

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event in ("line", "return"):
            self._look(frame, self._lines[id(frame)])
            self._lines[id(frame)] = frame.f_lineno
        if event == "return":
            if type(arg) in (Tensor, torch.nn.Parameter):
                self._keep(self.values, frame, frame.f_lineno, RETURN, arg)
            self._frames.pop(id(frame), None)
        return self.step

    def _look(self, frame: FrameType, line: int) -> None:
        seen = self._frames[id(frame)]
        for name, value in _tensors(frame):
            identity = _identity(value)
            if seen.get(name) != identity:
                seen[name] = identity
                self._keep(self.values, frame, line, name, value)

    def _keep(self, values: list[Value], frame: FrameType, line: int, name: str, tensor: Tensor) -> None:
        if len(values) >= MOST_VALUES or not 1 < tensor.numel() <= LARGEST or not tensor.is_floating_point():
            return
        if type(tensor) is torch.nn.Parameter and frame.f_code.co_name == "__init__":
            return  # drawn at random, and replaced by the test before it counts
        array = tensor.detach().cpu().to(torch.float64).numpy().copy()
        caller = frame.f_back
        inside = name == RETURN and caller is not None and caller.f_code.co_filename == self.file
        values.append(
            Value(
                line,
                name,
                array,
                origin=tensor.grad_fn,
                rough=tensor.dtype != torch.float64,
                wanted_at=caller.f_lineno if caller is not None and inside else 0,
            )
        )


def _tensors(frame: FrameType) -> list[tuple[str, Tensor]]:
    found = []
    for name, value in frame.f_locals.items():
        if isinstance(value, Tensor):
            found.append((name, value))
        elif name == "self":
            for attribute, inner in vars(value).items():
                if isinstance(inner, Tensor):
                    found.append((f"self.{attribute}", inner))
                elif isinstance(inner, (list, tuple)):
                    found += [
                        (f"self.{attribute}[{i}]", x) for i, x in enumerate(inner) if isinstance(x, Tensor)
                    ]
                elif isinstance(inner, dict) and (not attribute.startswith("_") or attribute in OWN):
                    prefix = "self" if attribute in OWN else f"self.{attribute}"
                    found += [(f"{prefix}.{key}", x) for key, x in inner.items() if isinstance(x, Tensor)]
    return [(name, value) for name, value in found if type(value) in (Tensor, torch.nn.Parameter)]


def _identity(value: Tensor) -> tuple[int, int, int]:
    try:
        return id(value), value._version, value.data_ptr()
    except RuntimeError:  # a tensor without storage
        return id(value), 0, 0
