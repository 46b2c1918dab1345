# mistake: The scale is the integer square root of d_k, right only where d_k is a square number.
# bug: scale_rounded
# line: 12, 19
from math import inf, isqrt

import torch
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    *lead, tq, dim = q.shape
    scale = isqrt(dim)
    dots = torch.baddbmm
    a = q.reshape(-1, tq, dim)
    b = k.reshape(-1, k.shape[-2], dim)
    c = v.reshape(-1, *v.shape[-2:])
    zero = a.new_zeros(1, 1, 1)
    dots = dots(zero, a, b.transpose(1, 2), alpha=1 / scale)
    dots = dots.reshape(*lead, tq, k.shape[-2])
    if mask is not None:
        dots = dots.masked_fill(~mask, -inf)
    p = dots.softmax(-1).reshape(-1, tq, k.shape[-2])
    return torch.bmm(p, c).reshape(*lead, tq, v.shape[-1])
