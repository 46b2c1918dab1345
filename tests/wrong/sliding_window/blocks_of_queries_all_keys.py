# mistake: Queries come in blocks, but each block meets all keys.
# bug: whole_rows
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    a, b = q.size(-2), k.size(-2)
    outs, j = [], torch.arange(b, device=q.device)
    for s in range(0, a, 32):
        i = torch.arange(b - a + s, min(b - a + s + 32, b), device=q.device)[:, None]
        band = (i - j < window) & ((j <= i) if causal else (j - i < window))
        scores = torch.matmul(q[..., s : s + 32, :], k.transpose(-2, -1)) / q.size(-1) ** 0.5
        outs.append(torch.matmul(scores.masked_fill(~band, float("-inf")).softmax(-1), v))
    return torch.cat(outs, -2)
