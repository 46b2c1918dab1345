"""Which of the reference's values one of the attempt's is: equal up to a permutation or merging of axes."""

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from dlkata.grading.explain.tracing import Value
from dlkata.grading.protocol import Match

MOST_AXES = 5
RTOL, ATOL = {False: 1e-9, True: 1e-4}, {False: 1e-12, True: 1e-5}  # by whether one of the values is rough


class Known:
    """Values to compare with, found by their size and their extremes."""

    def __init__(self, values: Sequence[Value]) -> None:
        self._of_size: dict[int, list[Value]] = {}
        self._rough = any(value.rough for value in values)
        for value in values:
            if not is_constant(value.array):
                self._of_size.setdefault(value.array.size, []).append(value)
        self._extremes = {
            size: np.array([value.extremes for value in alike]) for size, alike in self._of_size.items()
        }

    def __bool__(self) -> bool:
        return bool(self._of_size)

    def match(self, value: Value) -> Match | None:
        """The first that equals it; failing that, one in another order."""
        reordered = None
        for other in self._worth_comparing(value):
            rough = value.rough or other.rough
            if not _close(value.entries, other.entries, rough):
                continue
            if _same_order(value.array, other.array, rough):
                return Match(value.line, value.name, other.name)
            reordered = reordered or Match(value.line, value.name, other.name, reordered=True)
        return reordered

    def _worth_comparing(self, value: Value) -> list[Value]:
        """Those of like size and extremes: a namesake first, then the newest: of several steps, the present one."""
        size = value.array.size
        if size not in self._of_size:
            return []
        distance = np.abs(self._extremes[size] - value.extremes).max(1)
        room = 2 * RTOL[value.rough or self._rough] * max(1e-3, *np.abs(value.extremes))
        found = [self._of_size[size][n] for n in np.flatnonzero(~(distance > room))]  # NaN is near to all
        return sorted(reversed(found), key=lambda other: other.name != value.name)


def _same_order(one: np.ndarray, other: np.ndarray, rough: bool) -> bool:
    """Equal up to a permutation of axes, or after merging neighbouring ones."""
    if one.ndim < other.ndim:
        one, other = other, one
    flat = other.ravel()
    if one.ndim > MOST_AXES:
        return _close(one.ravel(), flat, rough)
    return any(_close(one.transpose(order).ravel(), flat, rough) for order in permutations(range(one.ndim)))


def _close(one: np.ndarray, other: np.ndarray, rough: bool) -> bool:
    """As close as two right ways of computing the same, and closer than a detour through float32."""
    if np.array_equal(one, other):
        return True
    scale = float(np.nanmax(np.abs(other), initial=0.0, where=np.isfinite(other)))
    atol = ATOL[rough] * max(scale, 1e-3)
    return bool(np.allclose(one, other, rtol=RTOL[rough], atol=atol, equal_nan=True))


def is_constant(array: np.ndarray) -> bool:
    return bool((array == array.flat[0]).all())
