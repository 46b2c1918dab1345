"""How a wrong value differs from the right one: a relation that holds in every entry, each time the value is had."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dlkata.grading.placing import Relation

FEW = 2  # entries of which nearly everything is true
PLAIN = (-1.0, 2.0, 0.5, -2.0, -0.5)  # factors that say what they are, whatever the sizes


@dataclass(frozen=True)
class Pair:
    """What an attempt had, and what it should have had."""

    wrong: np.ndarray
    right: np.ndarray

    @property
    def differs(self) -> bool:
        return self.wrong.shape != self.right.shape or not _near(self.wrong, self.right)


def relate(pairs: Sequence[Pair], sizes: Mapping[str, int]) -> Relation | None:
    """The one relation that holds in every pair; `sizes` are what a factor may be made of, by their names."""
    wrong = [pair for pair in pairs if pair.differs]
    if not wrong:
        return None
    for find in (
        _shape,
        _nonfinite,
        _precision,
        _factor,
        _offset,
        _power,
        _shifted,
        _partly,
        _axis,
        _transposed,
        _reordered,
    ):
        found = [find(pair) for pair in wrong]
        if None in found:
            continue
        kinds = {(relation.kind, relation.axis, relation.name) for relation in found if relation}
        if len(kinds) > 1:
            continue
        first = found[0]
        assert first is not None
        numbers = [relation.number for relation in found if relation]
        if first.kind in ("factor", "offset"):
            return _measured(first.kind, numbers, sizes) or _entries(wrong[0])
        return first
    return _entries(wrong[0])


def _entries(pair: Pair) -> Relation | None:
    """No law: how many entries are wrong, and the one that is most."""
    if pair.wrong.shape != pair.right.shape:
        return None
    scale = float(np.max(np.abs(pair.right), initial=0.0, where=np.isfinite(pair.right)))
    with np.errstate(invalid="ignore"):
        gap = np.asarray(np.abs(pair.wrong - pair.right))
        good = np.isclose(pair.wrong, pair.right, rtol=1e-9, atol=1e-12 * scale, equal_nan=True)
    gap = np.where(good, 0.0, np.where(np.isnan(gap), np.inf, gap))
    place = np.unravel_index(int(np.argmax(gap)), gap.shape)
    return Relation(
        "entries" if gap.ndim else "number",
        index=[int(i) for i in place],
        found=float(pair.wrong[place]),
        wanted=float(pair.right[place]),
        wrong=int((~good).sum()),
        total=int(good.size),
    )


def _near(one: np.ndarray, other: np.ndarray, rtol: float = 1e-9) -> bool:
    if one.shape != other.shape:
        return False
    scale = float(np.max(np.abs(other), initial=0.0, where=np.isfinite(other)))
    return bool(np.allclose(one, other, rtol=rtol, atol=rtol * 1e-3 * scale, equal_nan=True))


def _telling(pair: Pair) -> bool:
    return pair.wrong.shape == pair.right.shape and pair.right.size > FEW and np.isfinite(pair.right).any()


def _varies(pair: Pair) -> bool:
    """Between two numbers that are the same everywhere, a factor and an offset say the same."""
    return _telling(pair) and np.unique(pair.right).size > 1


# ---------------------------------------------------------------- one relation each


def _shape(pair: Pair) -> Relation | None:
    if pair.wrong.shape == pair.right.shape:
        return None
    return Relation("shape", mine=list(pair.wrong.shape), right=list(pair.right.shape))


def _nonfinite(pair: Pair) -> Relation | None:
    """Right wherever it is a number at all."""
    if not _telling(pair):
        return None
    spoiled = ~np.isfinite(pair.wrong) & np.isfinite(pair.right)
    if not spoiled.any():
        return None
    name = "nan" if np.isnan(pair.wrong[spoiled]).all() else "inf"
    return Relation("nonfinite", name=name)


def _precision(pair: Pair) -> Relation | None:
    if pair.wrong.shape == pair.right.shape and pair.right.any() and _near(pair.wrong, pair.right, 2e-6):
        return Relation("precision")
    return None


def _factor(pair: Pair) -> Relation | None:
    if not _varies(pair):
        return None
    with np.errstate(all="ignore"):
        finite = np.isfinite(pair.right) & (pair.right != 0)
        if finite.sum() <= FEW or not _near(pair.wrong[~finite], pair.right[~finite]):
            return None
        ratio = pair.wrong[finite] / pair.right[finite]
    middle = float(np.median(ratio))
    return (
        Relation("factor", number=middle)
        if middle and np.allclose(ratio, middle, rtol=1e-7, atol=0)
        else None
    )


def _offset(pair: Pair) -> Relation | None:
    if not _varies(pair):
        return None
    finite = np.isfinite(pair.right)
    if finite.sum() <= FEW or not _near(pair.wrong[~finite], pair.right[~finite]):
        return None
    gap = pair.wrong[finite] - pair.right[finite]
    scale = float(np.abs(pair.right[finite]).max())
    middle = float(np.median(gap))
    same = np.isfinite(middle) and np.allclose(gap, middle, rtol=1e-7, atol=1e-9 * scale)
    return Relation("offset", number=middle) if same else None


POWERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "square": np.square,
    "root": np.sqrt,
    "reciprocal": lambda x: 1 / x,
    "logarithm": np.log,
    "exponential": np.exp,
    "absolute": np.abs,
    "cut at zero": lambda x: np.maximum(x, 0),
}


def _power(pair: Pair) -> Relation | None:
    if not _telling(pair) or not np.isfinite(pair.right).all():
        return None
    with np.errstate(all="ignore"):
        for name, function in POWERS.items():
            made = function(pair.right)
            if np.isfinite(made).all() and _near(pair.wrong, made):
                return Relation("power", name=name)
    return None


def _shifted(pair: Pair) -> Relation | None:
    """By one along an axis: all but the rim agrees."""
    if not _telling(pair):
        return None
    for axis, size in enumerate(pair.right.shape):
        if size < 3:
            continue
        wrong, right = np.moveaxis(pair.wrong, axis, 0), np.moveaxis(pair.right, axis, 0)
        if _near(right[1:], right[:-1]):
            continue
        for step, same in ((1, _near(wrong[1:], right[:-1])), (-1, _near(wrong[:-1], right[1:]))):
            if same:
                return Relation("shifted", axis=axis, number=step)
    return None


def _partly(pair: Pair) -> Relation | None:
    """Right but for the first or last along an axis, or but for entries that should be 0 or −∞."""
    if not _telling(pair):
        return None
    scale = float(np.max(np.abs(pair.right), initial=0.0, where=np.isfinite(pair.right)))
    with np.errstate(all="ignore"):
        good = np.isclose(pair.wrong, pair.right, rtol=1e-9, atol=1e-12 * scale, equal_nan=True)
    for name, special in (("zero", pair.right == 0), ("-inf", pair.right == -np.inf)):
        if special.any() and not special.all() and good[~special].all() and not good[special].all():
            return Relation("masked", name=name)
    for axis, size in enumerate(pair.right.shape):
        if size < 3:
            continue
        along = np.moveaxis(good, axis, 0).reshape(size, -1).all(1)
        for name, place in (("first", 0), ("last", -1)):
            if not along[place] and np.delete(along, place).all():
                return Relation("rim", axis=axis, name=name)
    return None


def _axis(pair: Pair) -> Relation | None:
    """Normalised along another axis: what should add up to 1 along one does so along another."""
    if not _telling(pair) or pair.right.ndim < 2:
        return None
    right, wrong = set(_sums_to_one(pair.right)), set(_sums_to_one(pair.wrong))
    if len(right) == 1 and len(wrong) == 1 and right != wrong:
        return Relation("axis", axis=wrong.pop() - pair.right.ndim, number=right.pop() - pair.right.ndim)
    return None


def _sums_to_one(array: np.ndarray) -> Iterator[int]:
    for axis, size in enumerate(array.shape):
        if size > 1 and (array >= 0).all() and np.allclose(array.sum(axis), 1, rtol=1e-6):
            yield axis


def _transposed(pair: Pair) -> Relation | None:
    if not _telling(pair):
        return None
    for one, other in combinations(range(-pair.right.ndim, 0), 2):
        swapped = pair.right.swapaxes(one, other)
        if swapped.shape == pair.wrong.shape and _near(pair.wrong, swapped):
            return Relation("transposed", axis=one, number=other)
    return None


def _reordered(pair: Pair) -> Relation | None:
    if (
        _telling(pair)
        and np.unique(pair.right).size > FEW
        and _near(np.sort(pair.wrong, None), np.sort(pair.right, None))
    ):
        return Relation("reordered")
    return None


# ---------------------------------------------------------------- numbers that say something


def _measured(kind: str, numbers: Sequence[float], sizes: Mapping[str, int]) -> Relation | None:
    """The number itself if it is always the same; else what it is made of, if that is always the same."""
    first = numbers[0]
    same = all(math.isclose(number, first, rel_tol=1e-6) for number in numbers)
    if not same:
        return None
    if round(first, 9) in PLAIN or kind == "offset":
        return Relation(kind, number=first)
    return Relation(kind, number=first, name=_formula(first, sizes))


def _formula(number: float, sizes: Mapping[str, int]) -> str:
    """What of the sizes gives the number; nothing if several do."""
    found: dict[int, str] = {}
    for name, size in sizes.items():
        if size < 2:
            continue
        for text, value in (
            (name, size),
            (f"1/{name}", 1 / size),
            (f"√{name}", math.sqrt(size)),
            (f"1/√{name}", 1 / math.sqrt(size)),
            (f"{name}/({name} − 1)", size / (size - 1)),
            (f"({name} − 1)/{name}", (size - 1) / size),
        ):
            if math.isclose(abs(number), value, rel_tol=1e-7):
                found.setdefault(size, text if number > 0 else f"−{text}")
    return next(iter(found.values())) if len(found) == 1 else ""
