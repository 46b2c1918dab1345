# mistake: The mask is negated in place, so the caller's mask is changed and the next call with it sees the opposite.
# bug: mask_in_place
# line: 11
import math

import torch
from torch import Tensor


def hide(scores: Tensor, mask: Tensor) -> Tensor:
    hidden = mask.logical_not_()
    return scores.masked_fill(hidden, -math.inf)


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.size(-1))
    if mask is not None:
        scores = hide(scores, mask)
    return torch.matmul(scores.softmax(dim=-1), v)
