"""Loops beside one expression: what one side computes step by step, the other may compute at once."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dlkata.grading.place.noting import MOST_AXES, Key, Noted, digest_of

MANY = 64  # steps


def stacked(notes: Sequence[Noted]) -> Noted | None:
    """All values of one expression, along a new first axis."""
    first = notes[0]
    if not 1 < len(notes) <= MANY or first.key is None or not first.key.is_tensor:
        return None
    if any(note.array.shape != first.array.shape for note in notes):
        return None
    array = np.stack([note.array for note in notes])
    key = Key(first.key.kind, array.size, array.ndim)
    return Noted(first.node, None, key, array, digest_of(array), coarse=first.coarse)


def step_of(whole: Tensor, step: int, value: Tensor) -> Tensor | None:
    """Of all steps in one tensor the one that takes the place of `value`."""
    count = whole.numel() // max(1, value.numel())
    shape = (count, *value.shape)
    order = layout(whole.shape, shape)
    return None if order is None or step >= count else whole.permute(order).reshape(shape)[step]


def whole_of(steps: Sequence[Any], value: Tensor) -> Tensor | None:
    """The steps as one tensor in the form of `value`."""
    if not all(isinstance(step, Tensor) and step.shape == steps[0].shape for step in steps):
        return None
    whole = torch.stack(list(steps))
    if (order := layout(value.shape, whole.shape)) is not None:  # the loop runs over several axes of it
        back = sorted(range(value.dim()), key=order.__getitem__)
        return whole.reshape([value.shape[axis] for axis in order]).permute(back)
    order = layout(whole.shape, value.shape)
    return None if order is None else whole.permute(order).reshape(value.shape)


def layout(have: Sequence[int], want: Sequence[int]) -> tuple[int, ...] | None:
    """In which order axes of these sizes can be merged to those."""
    if len(have) > MOST_AXES:
        return None
    return next((o for o in permutations(range(len(have))) if _merge([have[i] for i in o], want)), None)


def _merge(have: Sequence[int], want: Sequence[int]) -> bool:
    left = [size for size in have if size != 1]
    for size in want:
        merged = 1
        while merged < size and left:
            merged *= left.pop(0)
        if merged != size:
            return False
    return not left
