# mistake: Diagonal by diagonal with a running maximum; the sums so far are not rescaled when it rises.
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    n, m = q.shape[-2], k.shape[-2]
    own = torch.arange(m - n, m, device=q.device)
    w = min(window, m)
    top = torch.full(q.shape[:-1], -torch.inf, dtype=q.dtype, device=q.device)
    total, mixed = torch.zeros_like(top), 0.0
    for o in [0, *range(1 - w, 0), *(() if causal else range(1, w))]:
        j = own + o
        s = (q * k[..., j.clamp(0, m - 1), :]).sum(-1) / q.shape[-1] ** 0.5
        s = s.masked_fill((j < 0) | (j >= m), -torch.inf)
        top = torch.maximum(top, s)
        e = (s - top).exp()
        total = total + e
        mixed = mixed + e[..., None] * v[..., j.clamp(0, m - 1), :]
    return mixed / total[..., None]
