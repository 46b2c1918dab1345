# mistake: Blocks are as long as the window and see half of the block before, which is too little for their first rows.
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    n, m = q.shape[-2], k.shape[-2]
    outs, start = [], m - n
    while start < m:
        stop = min(start + window, m)
        lo, hi = max(0, start - window // 2), stop if causal else min(m, stop + window - 1)
        i, j = torch.arange(start, stop, device=q.device)[:, None], torch.arange(lo, hi, device=q.device)
        ok = (i - j < window) & (j - i < (1 if causal else window))
        s = q[..., start - m + n : stop - m + n, :] @ k[..., lo:hi, :].mT / q.shape[-1] ** 0.5
        outs.append(torch.where(ok, s, -torch.inf).softmax(-1) @ v[..., lo:hi, :])
        start = stop
    return torch.cat(outs, -2)
