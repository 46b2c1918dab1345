# mistake: The scores of hidden keys are set to 0 before the softmax, where 0 still means a weight of exp(0).
# bug: mask_multiplies
# line: 13
import math

import torch
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    sim = torch.einsum("...id,...jd->...ij", q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        sim = sim * mask
    probs = torch.softmax(sim, dim=-1)
    return torch.einsum("...ij,...je->...ie", probs, v)
