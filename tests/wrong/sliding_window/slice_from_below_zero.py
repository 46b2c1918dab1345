# mistake: The start of a slice goes below zero and counts from the end.
# bug: slice_starts_below_zero
import math

import torch


def sliding_window_attention(q, k, v, window, causal=True):
    Tq, Tk = q.shape[-2], k.shape[-2]
    out = []
    for i in range(Tq):
        p = Tk - Tq + i
        lo = p - window + 1
        hi = p + 1 if causal else min(Tk, p + window)
        s = (k[..., lo:hi, :] @ q[..., i, :, None]).squeeze(-1) / math.sqrt(q.shape[-1])
        out.append((s.softmax(-1)[..., None, :] @ v[..., lo:hi, :]).squeeze(-2))
    return torch.stack(out, -2)
