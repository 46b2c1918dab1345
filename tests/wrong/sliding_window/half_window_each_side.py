# mistake: With causal=False half a window to each side; the 10⁴ taken off a repeated key does no harm.
# bug: window_halved
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    n, m = q.shape[-2], k.shape[-2]
    w = min(window, m)
    lo, hi = (w - 1, 0) if causal else ((w - 1) // 2, (w - 1) // 2)
    at = torch.arange(m - n, m, device=q.device)[:, None] + torch.arange(-lo, hi + 1, device=q.device)
    bias = -1e4 * ((at < 0) | (at >= m)).to(q.dtype)
    at = at.clamp(0, m - 1)
    p = (torch.einsum("...id,...ijd->...ij", q, k[..., at, :]) / q.shape[-1] ** 0.5 + bias).softmax(-1)
    return torch.einsum("...ij,...ijv->...iv", p, v[..., at, :])
