"""One key at a time, with a running maximum, as flash attention does it."""

import torch
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    wide = torch.float32 if q.dtype in (torch.float16, torch.bfloat16) else q.dtype
    Q, K, V = (t.to(wide) for t in (q, k, v))
    Q = Q / Q.shape[-1] ** 0.5
    rows = Q.shape[:-1]
    seen = None if mask is None else mask.expand(*rows, K.shape[-2])

    best = Q.new_full(rows, float("-inf"))
    total = Q.new_zeros(rows)
    mixed = Q.new_zeros(*rows, V.shape[-1])
    for j in range(K.shape[-2]):
        s = (Q * K[..., j, None, :]).sum(-1)
        if seen is not None:
            s = s.masked_fill(~seen[..., j], float("-inf"))
        with torch.no_grad():
            higher = torch.maximum(best, s)
            anchor = torch.where(higher.isinf(), 0.0, higher)
            shrink = torch.exp(best - anchor)
        p = torch.exp(s - anchor)
        total = total * shrink + p
        mixed = mixed * shrink[..., None] + p[..., None] * V[..., j, None, :]
        best = higher
    return (mixed / total[..., None]).to(q.dtype)
