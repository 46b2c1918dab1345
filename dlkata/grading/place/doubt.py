"""Right values that prove little: what an expression hands on as it was given.

A mask that hides nothing yields its scores again, and they are right; so are the numbers of a tensor that was cut into
the wrong rows. Where the reference does the like as well, there is no doubt.
"""

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np

from dlkata.grading.place.hearing import Call
from dlkata.grading.place.nodes import Node
from dlkata.grading.place.noting import MOST_AXES, Noted, alike


def doubtful(calls: Sequence[Call], known: dict[int, int], nodes: Sequence[Node]) -> set[int]:
    """Of the attempt's nodes that are known to be right, those that may be none."""
    within = {
        node: {other.number for other in nodes if nodes[node].holds(other) and other.number != node}
        for node in known
        if nodes[node].kind == "value"
    }
    return {
        node
        for call in calls
        for node, note, parts in _with_parts(call.mine, within)
        if _hands_on(note, parts) and not _does_the_reference(call, note)
    }


def _with_parts(
    notes: Sequence[Noted], within: dict[int, set[int]]
) -> Iterator[tuple[int, Noted, list[Noted]]]:
    """What each node yielded, and the tensors that it was made of."""
    latest: dict[int, Noted] = {}
    for note in notes:
        if note.key is None or not note.key.is_tensor:
            continue
        if note.node in within and not note.repeated:
            yield note.node, note, [latest[part] for part in within[note.node] & latest.keys()]
        latest[note.node] = note


def _hands_on(note: Noted, parts: Sequence[Noted]) -> bool:
    same = [part for part in parts if part.array.size == note.array.size and _equal(part, note)]
    if not same:
        return False
    if all(part.array.shape != note.array.shape for part in same):
        return True  # the same numbers in other rows
    return any(not _equal(part, note) for part in parts)  # another one had no effect


def _equal(one: Noted, other: Noted) -> bool:
    same_range = one.digest[:2] == other.digest[:2]  # sums depend on their order
    return same_range and np.array_equal(one.array.ravel(), other.array.ravel(), equal_nan=True)


def _does_the_reference(call: Call, note: Noted) -> bool:
    """In the same form; and where nothing changed, more than once."""
    like = [right for right in call.right if not right.repeated and alike(note, right)]
    return len(like) > 1 and any(_is_permuted(note.array.squeeze(), right.array.squeeze()) for right in like)


def _is_permuted(one: np.ndarray, other: np.ndarray) -> bool:
    """The same axes, in any order."""
    if one.ndim != other.ndim or one.ndim > MOST_AXES:
        return False
    return any(
        one.transpose(order).shape == other.shape and np.allclose(one.transpose(order), other, equal_nan=True)
        for order in permutations(range(one.ndim))
    )
