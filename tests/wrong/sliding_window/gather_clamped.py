# mistake: Indices are clamped to the sequence and nothing is hidden, so the first key counts several times.
# bug: ends_repeated
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    n, m = q.shape[-2], k.shape[-2]
    w = min(window, m)
    at = torch.arange(m - n, m)[:, None] + torch.arange(1 - w, 1 if causal else w)[None]
    at = at.clamp(0, m - 1).to(q.device)
    logits = torch.einsum("...id,...iwd->...iw", q, k[..., at, :]) * q.shape[-1] ** -0.5
    return torch.einsum("...iw,...iwv->...iv", logits.softmax(-1), v[..., at, :])
