# mistake: Both ways by default, and weights are zeroed after the softmax: two mistakes.
# bug: padding_gets_weight + not_causal_by_default
import torch
import torch.nn.functional as F


def sliding_window_attention(q, k, v, window, causal=False):
    n, m = q.shape[-2], k.shape[-2]
    w = min(window, m)
    end = 0 if causal else w - 1
    kw, vw = (F.pad(x, (0, 0, w - 1, end)).unfold(-2, w + end, 1)[..., m - n :, :, :] for x in (k, v))
    real = F.pad(torch.ones(m, dtype=q.dtype, device=q.device), (w - 1, end)).unfold(-1, w + end, 1)[m - n :]
    a = torch.einsum("...id,...idw->...iw", q, kw).div(q.shape[-1] ** 0.5).softmax(-1) * real
    return torch.einsum("...iw,...ivw->...iv", a, vw)
