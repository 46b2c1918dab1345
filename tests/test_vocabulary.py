"""What suites ask with a word of the vocabulary: layers and functions that are wrong in one way are told so."""

import pytest
import torch
from torch import nn

from dlkata.suite import (
    Memory,
    Mismatch,
    calls_apart,
    leaves_alone,
    normal,
    not_reseeded,
    setting,
    share_nothing,
)


@pytest.fixture(autouse=True)
def seeded():
    setting.seed = 5
    torch.manual_seed(5)


def numbers(i=0):
    return normal(i, (2, 3))[0]


class Scale(nn.Module):
    """One number a column, and an option."""

    def __init__(self, size=3, power=1):
        super().__init__()
        self.weight, self.power = nn.Parameter(torch.ones(size)), power

    def forward(self, x):
        return x**self.power * self.weight


class OfItsClass(Scale):
    """Keeps its option where all layers find it."""

    def __init__(self, size=3, power=1):
        super().__init__(size, power)
        del self.power
        OfItsClass.power = power


def test_a_layer_keeps_its_own_configuration():
    share_nothing(Scale, numbers, beside=lambda: Scale(5, 3))
    with pytest.raises(Mismatch) as told:
        share_nothing(OfItsClass, numbers, beside=lambda: OfItsClass(5, 3))
    assert told.value.finding.name == "configured apart"


def kept_outputs():
    """A function that gives what it gave for the very same tensor."""
    known = {}

    def double(x):
        if id(x) not in known:
            known[id(x)] = x, 2 * x
        return known[id(x)][1]

    return double


def test_what_is_kept_for_a_tensor_is_told_as_a_wrong_output():
    """Not by autograd, which notices that a kept output's input was filled anew."""
    wanted = lambda x: 2 * x  # noqa: E731
    calls_apart(lambda: wanted, numbers, right=lambda: wanted)
    double = kept_outputs()
    with pytest.raises(Mismatch) as told:
        calls_apart(lambda: double, numbers, right=lambda: wanted)
    assert told.value.finding.name == "output (call, tensors filled anew)"


def seeds(x):
    torch.manual_seed(0)
    return 2 * x


def test_a_call_that_seeds_anew_does_not_leave_things_alone():
    leaves_alone(lambda: lambda x: 2 * x + 0 * torch.rand(()), numbers)
    with pytest.raises(Mismatch) as told:
        leaves_alone(lambda: seeds, numbers)
    assert told.value.finding.kind == "reseeded"


def test_what_a_test_draws_after_that_question_is_not_known_beforehand():
    drawn = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        not_reseeded(lambda: torch.rand(3))
        drawn.append(torch.rand(()))
    assert drawn[0] != drawn[1]


def test_memory_counts_what_is_made():
    x, there = torch.ones(10), torch.ones(1000)
    with Memory(there) as seen:
        x.view(2, 5)
        x.add_(1)
        there.view(10, 100)
    assert (seen.largest, seen.total, seen.most) == (0, 0, 0)
    with Memory() as seen:
        for _step in range(5):
            y = x + 1  # the one before is gone when the next is there
            z = torch.cat([x, y.view(10)])
            del y, z
    assert (seen.largest, seen.total, seen.most) == (80, 5 * 120, 120)
    with Memory() as seen:
        kept = [x + 1 for _step in range(5)]
    assert (seen.most, len(kept)) == (200, 5)
    with Memory() as seen:
        torch.ones(2, 2).to_sparse().to_dense()  # a sparse one has no place of its own
    assert seen.largest >= 16
