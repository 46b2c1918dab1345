"""Steps of a loop beside what is computed at once."""

import numpy as np
import torch

from dlkata.grading.place.noting import Key, Noted, alike, digest_of, opposite
from dlkata.grading.place.slicing import layout, stacked, step_of, whole_of

WHOLE = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5).double()  # (B, H, T, d)
HEADS = [WHOLE[:, h] for h in range(3)]


def noted(array: np.ndarray, kind: str = "float") -> Noted:
    return Noted(0, None, Key(kind, array.size, array.ndim), array, digest_of(array))


def test_the_axis_of_the_loop_is_found_by_the_sizes():
    assert torch.equal(step_of(WHOLE, 1, HEADS[1]), HEADS[1])
    assert all(torch.equal(step_of(WHOLE, n, head), head) for n, head in enumerate(HEADS))
    assert torch.equal(whole_of(HEADS, WHOLE), WHOLE)


def test_axes_are_merged_where_the_loop_runs_over_two():
    pairs = [WHOLE[b, h] for b in range(2) for h in range(3)]
    assert torch.equal(step_of(WHOLE, 4, pairs[4]), pairs[4])
    assert torch.equal(whole_of(pairs, WHOLE), WHOLE)


def test_what_has_other_sizes_is_no_step_of_it():
    assert step_of(WHOLE, 0, torch.zeros(7, 5)) is None
    assert step_of(WHOLE, 3, HEADS[0]) is None, "there are but three"
    assert whole_of([HEADS[0], HEADS[0][:1]], WHOLE) is None
    assert layout((2, 3), (6,)) is not None and layout((4, 3), (6, 2)) is None


def test_all_steps_together_are_alike_to_the_whole():
    together = stacked([noted(head.numpy()) for head in HEADS])
    assert together is not None and alike(together, noted(WHOLE.numpy()))
    assert stacked([noted(HEADS[0].numpy())]) is None


def test_only_what_is_true_or_false_has_an_opposite_and_each_in_its_place():
    lower = np.tril(np.ones((4, 4)))
    assert opposite(noted(1 - lower, "bool"), noted(lower, "bool"))
    assert not opposite(noted(1 - lower.T, "bool"), noted(lower, "bool"))
    assert not opposite(noted(1 - lower), noted(lower))
