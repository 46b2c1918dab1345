"""How a wrong value differs from the right one."""

import numpy as np
import pytest

from dlkata.grading.place.relations import Pair, relate

RIGHT = np.random.default_rng(0).normal(size=(3, 4, 5))
OTHER = np.random.default_rng(1).normal(size=(3, 4, 5))
SQUARE = RIGHT[:, :, :4]
WEIGHTS = np.exp(RIGHT) / np.exp(RIGHT).sum(-1, keepdims=True)
HIDDEN = np.where(np.arange(5) > 2, -np.inf, RIGHT)
SIZES = {"q.shape[0]": 3, "q.shape[1]": 4, "q.shape[2]": 5}


def kind(*pairs: tuple[np.ndarray, np.ndarray]) -> str:
    found = relate([Pair(wrong, right) for wrong, right in pairs], SIZES)
    return "" if found is None else found.kind


@pytest.mark.parametrize(
    "wrong, right, expected",
    [
        (-RIGHT, RIGHT, "factor"),
        (RIGHT + 0.5, RIGHT, "offset"),
        (RIGHT**2, RIGHT, "power"),
        (np.maximum(RIGHT, 0), RIGHT, "power"),
        (np.roll(RIGHT, 1, axis=1), RIGHT, "shifted"),
        (RIGHT[:, ::-1], RIGHT, "reordered"),
        (SQUARE.swapaxes(1, 2), SQUARE, "transposed"),
        (RIGHT.astype(np.float32).astype(np.float64), RIGHT, "precision"),
        (RIGHT.transpose(0, 2, 1), RIGHT, "shape"),
        (np.exp(RIGHT) / np.exp(RIGHT).sum(1, keepdims=True), WEIGHTS, "axis"),
        (np.where(np.arange(5) > 2, -1e9, RIGHT), HIDDEN, "masked"),
        (
            np.where(np.arange(5) > 2, 0.0, np.abs(RIGHT)),
            np.where(np.arange(5) > 2, -np.inf, np.abs(RIGHT)),
            "masked",
        ),
        (np.where(np.arange(4)[:, None] == 0, 7.0, RIGHT), RIGHT, "rim"),
        (np.where(RIGHT > 1, np.nan, RIGHT), RIGHT, "nonfinite"),
        (RIGHT * OTHER, RIGHT, "entries"),
        (np.array(6.0), np.array(4.0), "number"),
        (np.array(np.float64(np.float32(0.1))), np.array(0.1), "precision"),
    ],
)
def test_each_relation_is_recognised(wrong, right, expected):
    assert kind((wrong, right)) == expected


def test_a_relation_must_hold_in_every_pair():
    assert kind((2 * RIGHT, RIGHT), (3 * OTHER, OTHER)) == "entries"
    assert kind((2 * RIGHT, RIGHT), (-OTHER, OTHER)) == "entries"
    assert kind((2 * RIGHT, RIGHT), (2 * OTHER, OTHER), (OTHER, OTHER)) == "factor", (
        "what is right says nothing"
    )


@pytest.mark.parametrize(
    "factor, name",
    [(np.sqrt(5), "√q.shape[2]"), (1 / 3, "1/q.shape[0]"), (4 / 3, "q.shape[1]/(q.shape[1] − 1)"), (2.5, "")],
)
def test_a_factor_is_named_by_the_size_it_is_made_of(factor, name):
    found = relate([Pair(factor * RIGHT, RIGHT)], SIZES)
    assert found is not None and (found.kind, found.name) == ("factor", name)


def test_where_several_sizes_explain_a_factor_none_is_named():
    found = relate([Pair(3 * RIGHT, RIGHT)], SIZES | {"k.shape[0]": 3})
    assert found is not None and found.name == "q.shape[0]", "one size by several names is one explanation"
    found = relate([Pair(2 * RIGHT, RIGHT)], {"a": 2, "b": 4})
    assert found is not None and found.name == ""


def test_equal_values_have_none():
    assert kind((RIGHT, RIGHT.copy())) == ""
