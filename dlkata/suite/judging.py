"""Comparisons and properties that explain themselves.

Every value that is judged is first written to the journal; so judge with these, and keep bare `assert` for what no
learner can get wrong in two ways.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlkata.suite.comparing import difference, pairs, tolerance_of
from dlkata.suite.finding import Finding, Mismatch
from dlkata.suite.journals import Bound, brief, journal, numbers
from dlkata.suite.settings import EXACT, TOLERANCES


def same(
    actual: Any,
    expected: Any,
    name: str | Sequence[str] = "output",
    *,
    tolerance: tuple[float, float] | None = None,
    nonfinite: bool = False,
) -> None:
    """The attempt's value is the reference's: type, shape, dtype, device and every entry.

    Tuples, lists and dicts are compared member by member (all are journaled before the first is judged).
    `None` stands for "no gradient", which equals a gradient of zeros. `nonfinite` says the right answer
    may hold inf or nan; otherwise a right answer with either means that somebody spoiled it.
    """
    judged = list(pairs(actual, expected, name))
    for one, other, label in judged:
        journal.record(label, one, tolerance_of(other, tolerance))
    for one, other, label in judged:
        finding = difference(one, other, label, tolerance_of(other, tolerance), nonfinite)
        if finding is not None:
            raise Mismatch(finding)


def near(actual: Any, target: float, within: float, name: str, en: str = "", zh: str = "") -> None:
    """A measured number (a rate, a mean) lies within `within` of `target`."""
    journal.record(name, actual, (0.0, within), target)
    value = float(actual)
    journal.bounds.append(Bound(name, value, target, within))
    if not abs(value - target) <= within:
        raise Mismatch(
            Finding(
                "range", name, expected=f"{target:.4g} ± {within:.2g}", actual=f"{value:.4g}", en=en, zh=zh
            )
        )


def holds(condition: bool | Tensor, en: str, zh: str, *, value: Any = None, name: str = "") -> None:
    """A property in the learner's words: the sentences say what is wrong when it does not hold.

    Pass the `value` it was read from: two mistakes that break the same property then still differ.
    """
    journal.record(
        name or en, value if value is not None else str(bool(condition)), TOLERANCES[torch.float64]
    )
    if not bool(condition):
        shown = brief(value) if isinstance(value, Tensor) else ""
        raise Mismatch(Finding("property", name, actual=shown, en=en, zh=zh))


def rejects(error: type[BaseException], call: Callable[[], object], en: str, zh: str) -> None:
    """The contract promises `error` here; the sentences say what is wrong when none is raised."""
    try:
        call()
    except error:
        journal.record(en, error.__name__, EXACT)
        return
    journal.record(en, "nothing raised", EXACT)
    raise Mismatch(Finding("property", en=en, zh=zh, expected=error.__name__))


@contextmanager
def unchanged(**tensors: Tensor) -> Iterator[None]:
    """The tensors hold the same values afterwards: `with unchanged(q=q, k=k): candidate.attention(q, k, v)`."""
    before = {name: tensor.detach().clone() for name, tensor in tensors.items()}
    yield
    for name, tensor in tensors.items():
        # Judged bit for bit: editing an input and adding the edit back is an edit. Noted like any other value: the last
        # digits of an output depend on style.
        journal.record(name, tensor, TOLERANCES.get(tensor.dtype, EXACT))
        if not np.array_equal(numbers(tensor), numbers(before[name]), equal_nan=True):
            raise Mismatch(Finding("edited", name))


def not_reseeded(call: Callable[[], object]) -> None:
    """`call` may draw from the global generator but must leave it where its own draws end.

    Afterwards it stands where it stood: what a test draws next is not known beforehand.
    """
    before, states = torch.get_rng_state(), []
    for seed in (11, 12):
        torch.manual_seed(seed)
        call()
        states.append(torch.get_rng_state())
    torch.set_rng_state(before)
    reseeded = bool((states[0] == states[1]).all())
    journal.record("rng", str(reseeded), EXACT)
    if reseeded:
        raise Mismatch(Finding("reseeded"))
