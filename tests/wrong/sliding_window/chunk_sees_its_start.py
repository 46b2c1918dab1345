# mistake: Keys of a chunk are taken from the window before its first query, and never cut off for the later ones.
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    off, out = k.shape[-2] - q.shape[-2], []
    for s in range(0, q.shape[-2], window):
        i = torch.arange(off + s, min(off + s + window, k.shape[-2]), device=q.device)
        j = torch.arange(
            max(0, off + s - window + 1), k.shape[-2] if not causal else int(i[-1]) + 1, device=q.device
        )
        j = j[j < i[-1] + window]
        seen = (j <= i[:, None]) if causal else (j - i[:, None] < window)
        att = q[..., s : s + window, :] @ k[..., j, :].mT / q.shape[-1] ** 0.5
        out.append(att.masked_fill(~seen, -torch.inf).softmax(-1) @ v[..., j, :])
    return torch.cat(out, -2)
