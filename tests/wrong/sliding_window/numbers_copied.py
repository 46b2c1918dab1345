# mistake: Scores are copied into a new tensor as plain numbers: no gradient reaches q and k.
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    n, m = q.shape[-2], k.shape[-2]
    w = min(window, m)
    offsets = range(1 - w, 1 if causal else w)
    table = torch.full((*q.shape[:-1], len(offsets)), -torch.inf, dtype=q.dtype, device=q.device)
    for c, o in enumerate(offsets):
        for i in range(n):
            if 0 <= m - n + i + o < m:
                dots = (q[..., i, :] * k[..., m - n + i + o, :]).sum(-1) / q.shape[-1] ** 0.5
                table.data[..., i, c] = dots
    p = table.softmax(-1)
    at = (torch.arange(m - n, m)[:, None] + torch.tensor(list(offsets))).clamp(0, m - 1).to(q.device)
    return (p.unsqueeze(-2) @ v[..., at, :]).squeeze(-2)
