# mistake: as_strided takes the padded keys for contiguous in every case: strides are computed from the shape.
import torch
import torch.nn.functional as F


def windows(x, w, before, after):
    parts = F.pad(x, (0, 0, before, after)) if before + after else x
    *lead, t, d = parts.shape
    strides = [1]
    for size in (*lead, t, d)[:0:-1]:
        strides.insert(0, strides[0] * size)
    n = t - w + 1
    return parts.as_strided((*lead, n, w, d), (*strides[:-2], strides[-2], strides[-2], 1))


def sliding_window_attention(q, k, v, window, causal=True):
    n, m = q.shape[-2], k.shape[-2]
    b = min(window, m) - 1
    a = 0 if causal else b
    kw, vw = (windows(x, a + b + 1, b, a)[..., m - n :, :, :] for x in (k, v))
    at = torch.arange(m - n, m, device=q.device)[:, None] + torch.arange(-b, a + 1, device=q.device)
    s = (kw @ q.unsqueeze(-1)).squeeze(-1) / q.shape[-1] ** 0.5
    s = s.masked_fill((at < 0) | (at >= m), -torch.inf)
    return (s.softmax(-1).unsqueeze(-2) @ vw).squeeze(-2)
