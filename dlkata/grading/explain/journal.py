"""Journals on the wire, and when two of them say the same."""

import re
from collections.abc import Sequence

import numpy as np
import torch

from dlkata.grading.protocol import Observed, Raised
from dlkata.suite.journals import Observation

# How a module is called that somebody's class is of: the attempt's, a known bug's, the reference's.
MODULE = re.compile(r"\b(?:attempt|bug|reference)\.")
LARGEST = 4 << 20  # bytes a test; a journal beyond that does not vote


def to_wire(observations: Sequence[Observation], limit: int | None = LARGEST) -> list[Observed] | None:
    wire, size = [], 0
    for observation in observations:
        rtol, atol = observation.tolerance
        observed = Observed(observation.name, rtol, atol, observation.target)
        if isinstance(observation.value, str):
            observed.word = observation.value or "-"
        else:
            numbers = observation.value.to(torch.float64).contiguous().numpy()
            observed.dtype = str(observation.value.dtype)
            observed.shape = list(numbers.shape)
            observed.data = numbers.tobytes()
            size += len(observed.data)
        wire.append(observed)
    return wire if limit is None or size <= limit else None


def agree(one: Sequence[Observed], other: Sequence[Observed]) -> bool:
    return len(one) == len(other) and all(
        _same(a, b, a.rtol, a.atol) for a, b in zip(one, other, strict=True)
    )


def confirms(room: Sequence[Observed], desk: Sequence[Observed]) -> bool:
    """What an attempt's room sent is what the reference's desk did, by the desk's own tolerances and bounds."""
    return len(room) == len(desk) and all(_confirms(a, b) for a, b in zip(room, desk, strict=True))


def _confirms(one: Observed, right: Observed) -> bool:
    if one.name == right.name and {one.word, right.word} == {"", "None"}:
        return not numbers(one).any() and not numbers(right).any()  # no gradient equals one of zeros
    if right.target is None or one.word or right.word:
        return _same(one, right, right.rtol, right.atol)
    found = numbers(one)
    return one.name == right.name and found.size == 1 and bool(abs(found[0] - right.target) <= right.atol)


def _same(one: Observed, other: Observed, rtol: float, atol: float) -> bool:
    if (one.name, one.word, one.dtype, one.shape) != (other.name, other.word, other.dtype, other.shape):
        return False
    if one.word:
        return True
    a, b = numbers(one), numbers(other)
    with np.errstate(invalid="ignore"):
        near = np.isfinite(b) & (np.abs(a - b) <= atol + rtol * np.abs(b))
        close = near | (a == b) | (np.isnan(a) & np.isnan(b))
    return bool(close.all())


def numbers(observed: Observed) -> np.ndarray:
    return np.frombuffer(observed.data, dtype=np.float64)


def all_nan(journal: Sequence[Observed]) -> bool:
    """The last value judged, the one that failed, holds nothing but NaN."""
    return bool(journal) and not journal[-1].word and bool(np.isnan(numbers(journal[-1])).all())


def same_exception(one: Raised, other: Raised) -> bool:
    """Type and text agree; type alone once made every shape error the same mistake."""
    return one.type == other.type and _bare(one.text) == _bare(other.text)


def _bare(text: str) -> str:
    return MODULE.sub("", re.sub(r"0x[0-9a-f]+", "0x", text)).strip()
