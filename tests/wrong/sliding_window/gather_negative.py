# mistake: Negative indices reach round to the last keys.
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    n, m = q.shape[-2], k.shape[-2]
    w = min(window, m)
    at = torch.arange(m - n, m)[:, None] + torch.arange(1 - w, 1 if causal else w)[None]
    over = (at >= m).to(q.device)
    at = torch.where(at >= m, 0, at).to(q.device)
    logits = torch.einsum("...id,...iwd->...iw", q, k[..., at, :]) * q.shape[-1] ** -0.5
    logits = logits.masked_fill(over, float("-inf"))
    return torch.einsum("...iw,...iwv->...iv", logits.softmax(-1), v[..., at, :])
