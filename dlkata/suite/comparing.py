"""What sets two values apart, member by member and entry by entry."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlkata.suite.finding import Finding, Mismatch
from dlkata.suite.journals import PLAIN_TENSORS, brief, is_plain, journal, kind_of, numbers
from dlkata.suite.settings import EXACT, TOLERANCES, setting

MAP_ROWS, MAP_COLUMNS = 12, 40


def difference(
    actual: Any, expected: Any, name: str, tolerance: tuple[float, float], nonfinite: bool = False
) -> Finding | None:
    """What sets two values apart, or None."""
    if actual is None or expected is None:
        return _gradient_difference(actual, expected, name)
    if not isinstance(expected, Tensor):
        right = type(actual) is type(expected) and actual == expected
        return None if right else Finding("value", name, expected=repr(expected), actual=brief(actual))
    if not is_plain(actual):
        kind = "subclass" if isinstance(actual, Tensor) and type(actual) not in PLAIN_TENSORS else "type"
        return Finding(kind, name, expected="Tensor", actual=kind_of(actual))
    if actual.shape != expected.shape:
        return Finding("shape", name, expected=str(tuple(expected.shape)), actual=str(tuple(actual.shape)))
    if actual.dtype != expected.dtype:
        return Finding("dtype", name, expected=str(expected.dtype), actual=str(actual.dtype))
    if actual.device.type != expected.device.type:
        return Finding("device", name, expected=str(expected.device), actual=str(actual.device))
    return _value_difference(numbers(actual), numbers(expected), name, tolerance, nonfinite)


def _value_difference(
    actual: np.ndarray, expected: np.ndarray, name: str, tolerance: tuple[float, float], nonfinite: bool
) -> Finding | None:
    if not nonfinite and not np.isfinite(expected).all():
        return Finding("spoiled", name)
    rtol, atol = tolerance
    with np.errstate(invalid="ignore"):
        gap = np.abs(actual - expected)
        # An infinite right answer is near nothing but itself.
        right = (np.isfinite(expected) & (gap <= atol + rtol * np.abs(expected))) | (actual == expected)
        right |= np.isnan(actual) & np.isnan(expected)
    if right.all():
        return None
    worst = ~right & ~np.isfinite(actual)  # where the attempt holds nan or inf, show one of those
    first = tuple(int(i) for i in np.argwhere(worst if worst.any() else ~right)[0])
    shown = _told_apart(float(actual[first]), float(expected[first]))
    return Finding(
        "values" if np.isfinite(actual).all() else "nonfinite",
        name,
        expected=shown[1],
        actual=shown[0],
        index=list(first),
        difference=float(np.nanmax(gap[np.isfinite(gap)], initial=0.0)),
        wrong=int((~right).sum()),
        total=int(right.size),
        map=_map(right, first),
    )


def _told_apart(one: float, other: float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ."""
    for digits in (6, 9, 12, 17):
        if f"{one:.{digits}g}" != f"{other:.{digits}g}":
            break
    return f"{one:.{digits}g}", f"{other:.{digits}g}"


def _gradient_difference(actual: Any, expected: Any, name: str) -> Finding | None:
    present = expected if actual is None else actual
    if present is None or (is_plain(present) and not present.detach().any()):
        return None
    if actual is None:
        return Finding(
            "no_gradient" if name.startswith("∂") else "type", name, expected="Tensor", actual="None"
        )
    return Finding("value", name, expected="None", actual=brief(actual))


def _map(right: np.ndarray, first: tuple[int, ...]) -> list[str]:
    """Which entries are wrong in the matrix (last two axes) that holds the first wrong one."""
    if right.ndim == 0:
        return []
    matrix = right[first[:-2]] if right.ndim > 2 else np.atleast_2d(right)
    if matrix.shape[0] > MAP_ROWS or matrix.shape[1] > MAP_COLUMNS:
        return []
    return ["".join("·" if entry else "#" for entry in row) for row in matrix]


def pairs(actual: Any, expected: Any, name: str | Sequence[str]) -> Iterator[tuple[Any, Any, str]]:
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping) or set(actual) != set(expected):
            raise _container_mismatch(actual, expected, name)
        for key in sorted(expected, key=str):  # whoever made it, in whatever order
            yield from pairs(actual[key], expected[key], f"{name}[{key!r}]")
    elif isinstance(expected, (tuple, list)):
        if not isinstance(actual, (tuple, list)) or len(actual) != len(expected):
            raise _container_mismatch(actual, expected, name)
        labels = [f"{name}[{i}]" for i in range(len(expected))] if isinstance(name, str) else name
        for one, other, label in zip(actual, expected, labels, strict=True):
            yield from pairs(one, other, label)
    else:
        yield actual, expected, name if isinstance(name, str) else name[0]


def _container_mismatch(actual: Any, expected: Any, name: str | Sequence[str]) -> Mismatch:
    label = name if isinstance(name, str) else ", ".join(name)
    journal.record(label, kind_of(actual), EXACT)
    return Mismatch(Finding("type", label, expected=kind_of(expected), actual=kind_of(actual)))


def tolerance_of(expected: Any, asked: tuple[float, float] | None) -> tuple[float, float]:
    if not isinstance(expected, Tensor) or not expected.is_floating_point():
        return EXACT
    if asked is None:
        return TOLERANCES[expected.dtype]
    # A float64 tolerance makes no sense on a device that has only float32.
    return asked if setting.dtype == torch.float64 else tuple(map(max, asked, TOLERANCES[torch.float32]))  # type: ignore[return-value]
