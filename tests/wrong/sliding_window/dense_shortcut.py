# mistake: A window as long as the keys falls back to plain attention, whose mask counts queries from the first key.
import torch
import torch.nn.functional as F


def sliding_window_attention(q, k, v, window, causal=True):
    n, m = q.size(-2), k.size(-2)
    root = q.size(-1) ** 0.5
    if window >= m:
        full = q @ k.transpose(-1, -2) / root
        if causal:
            full = full.masked_fill(torch.ones(n, m, device=q.device).tril() == 0, float("-inf"))
        return full.softmax(-1) @ v
    end = 0 if causal else window - 1
    kw, vw = (
        F.pad(x, (0, 0, window - 1, end)).unfold(-2, window + end, 1)[..., m - n :, :, :] for x in (k, v)
    )
    real = F.pad(torch.ones(m, device=q.device), (window - 1, end)).unfold(0, window + end, 1)[m - n :]
    a = torch.einsum("...id,...idw->...iw", q, kw).div(root).masked_fill(real == 0, float("-inf")).softmax(-1)
    return torch.einsum("...iw,...ivw->...iv", a, vw)
