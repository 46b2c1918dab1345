"""A fixed number of queries at a time, and the slice of keys that they can see between them."""

import torch

CHUNK = 64


def _attend(q, k, v, first_q, first_k, window, causal):
    i = torch.arange(first_q, first_q + q.shape[-2], device=q.device)
    j = torch.arange(first_k, first_k + k.shape[-2], device=q.device)
    d = i[:, None] - j[None, :]
    ok = d.abs() < window
    if causal:
        ok = ok.logical_and(d >= 0)
    s = torch.einsum("...id,...jd->...ij", q, k).div(q.shape[-1] ** 0.5)
    return (
        s.masked_fill(ok.logical_not(), -1e300 if s.dtype == torch.float64 else -1e38).softmax(-1).matmul(v)
    )


def sliding_window_attention(q, k, v, window, causal=True):
    total, offset = k.shape[-2], k.shape[-2] - q.shape[-2]
    outs = []
    for s in range(0, q.shape[-2], CHUNK):
        piece = q[..., s : s + CHUNK, :]
        a, b = offset + s, offset + s + piece.shape[-2]
        lo = max(a - window + 1, 0)
        hi = b if causal else min(b + window - 1, total)
        outs.append(_attend(piece, k[..., lo:hi, :], v[..., lo:hi, :], a, lo, window, causal))
    return torch.cat(outs, -2)
