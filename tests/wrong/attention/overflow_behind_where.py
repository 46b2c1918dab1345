# mistake: Hidden exponentials may overflow before torch.where drops them: the values are right, but the gradient is 0 * inf = nan.
# bug: overflow_behind_mask
# line: 12
import math

import torch
from torch import Tensor


def masked_softmax(s: Tensor, keep: Tensor) -> Tensor:
    peak = torch.where(keep, s, -math.inf).amax(-1, keepdim=True).detach()
    e = torch.where(keep, torch.exp(s - peak), 0.0)
    return e / e.sum(-1, keepdim=True)


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    s = torch.einsum("...qd,...kd->...qk", q, k) / math.sqrt(q.size(-1))
    if mask is None:
        p = s.softmax(-1)
    else:
        p = masked_softmax(s, mask)
    return p @ v
