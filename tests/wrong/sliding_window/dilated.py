# mistake: The window takes every second key.
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    rows = []
    for i in range(q.shape[-2]):
        t = k.shape[-2] - q.shape[-2] + i
        near = [
            j
            for j in range(t - 2 * window + 2, t + 1 if causal else t + 2 * window - 1, 2)
            if 0 <= j < k.shape[-2]
        ]
        a = (k[..., near, :] @ q[..., i, :, None]).squeeze(-1) / q.shape[-1] ** 0.5
        rows.append((a.softmax(-1).unsqueeze(-2) @ v[..., near, :]).squeeze(-2))
    return torch.stack(rows, -2)
