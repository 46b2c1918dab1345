import torch


def sliding_window_attention(q, k, v, window, causal=True):
    n, m = q.shape[-2], k.shape[-2]
    w = min(window, m)
    at = (torch.arange(m - n, m)[:, None] + torch.arange(1 - w, 1 if causal else w)[None]).to(q.device)
    bias = torch.zeros(at.shape, dtype=q.dtype, device=q.device)
    bias[(at < 0) | (at > m - 1)] = float("-inf")
    at = at.clamp(0, m - 1)
    logits = torch.einsum("...id,...iwd->...iw", q * q.shape[-1] ** -0.5, k[..., at, :]) + bias
    return torch.einsum("...iw,...iwv->...iv", logits.softmax(-1), v[..., at, :])
