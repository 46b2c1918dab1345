# mistake: No √dₖ, and with causal=False the window reaches w keys ahead: two mistakes.
# bug: no_scale + reaches_ahead_differently
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    rows = []
    for i in range(q.shape[-2]):
        t = k.shape[-2] - q.shape[-2] + i
        near = slice(max(0, t - window + 1), t + 1 if causal else t + window + 1)
        a = torch.einsum("...d,...jd->...j", q[..., i, :], k[..., near, :])
        rows.append(torch.einsum("...j,...jv->...v", a.softmax(-1), v[..., near, :]))
    return torch.stack(rows, -2)
