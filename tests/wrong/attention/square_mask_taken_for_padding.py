# mistake: A two-dimensional mask with as many rows as there are batch elements is taken for a padding mask (B, Tk), although it is (Tq, Tk).
# line: 11, 21
import math

import torch
from torch import Tensor


def _prepare(mask: Tensor, scores: Tensor) -> Tensor:
    """Insert the missing dimensions of a mask."""
    if mask.dim() == 2 and scores.dim() > 2 and mask.size(0) == scores.size(0):
        # one row of keys per batch element
        mask = mask.reshape(mask.size(0), *[1] * (scores.dim() - 2), mask.size(1))
    return mask.expand_as(scores)


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    scores = q @ k.transpose(-2, -1)
    scores = scores / math.sqrt(q.size(-1))
    if mask is not None:
        scores = torch.where(_prepare(mask, scores), scores, -math.inf)
    weights = torch.softmax(scores, -1)
    return weights @ v
