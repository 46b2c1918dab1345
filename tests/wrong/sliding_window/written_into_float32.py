# mistake: Rows are written into a tensor of the default dtype.
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    n, m = q.shape[-2], k.shape[-2]
    out = torch.zeros(*q.shape[:-1], v.shape[-1], device=q.device)
    for i in range(n):
        t = m - n + i
        near = slice(max(0, t - window + 1), t + 1 if causal else t + window)
        p = (k[..., near, :] @ q[..., i, :, None] * q.shape[-1] ** -0.5).softmax(-2)
        out[..., i, :] = (p * v[..., near, :]).sum(-2)
    return out
