import math

import torch


def sliding_window_attention(q, k, v, window, causal=True):
    Tq, Tk = q.shape[-2], k.shape[-2]
    rows = []
    for i in range(Tq):
        t = Tk - Tq + i
        lo = max(0, t - window + 1)
        hi = t + 1 if causal else min(Tk, t + window)
        ks, vs = k[..., lo:hi, :], v[..., lo:hi, :]
        s = torch.matmul(ks, q[..., i, :, None]) / math.sqrt(q.shape[-1])
        e = torch.exp(s - s.max(dim=-2, keepdim=True).values)
        rows.append((e * vs).sum(dim=-2) / e.sum(dim=-2))
    return torch.stack(rows, dim=-2)
