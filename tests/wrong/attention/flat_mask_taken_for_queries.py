# mistake: With as many queries as keys, a one-dimensional mask (Tk,) is turned into a column and hides queries instead of keys.
# line: 14, 16
import math

import torch
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    sim = torch.einsum("...id,...jd->...ij", q, k) / math.sqrt(q.shape[-1])
    if mask is not None:
        # give the mask all the dimensions of the scores
        while mask.dim() < sim.dim():
            per_query = mask.dim() == 1 and len(mask) == sim.shape[-2]
            mask = mask.unsqueeze(-1 if per_query else 0)
        sim = sim.masked_fill(~mask, -math.inf)
    probs = torch.softmax(sim, dim=-1)
    return torch.einsum("...ij,...je->...ie", probs, v)
