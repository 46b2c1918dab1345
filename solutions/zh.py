"""TODO the formula, with the paper's symbols."""

from torch import Tensor


def zh(x: Tensor) -> Tensor:
    return x  # TODO name the intermediates, one a line
