"""Blocks as long as the window: each looks at itself, the block before and, both ways, the one after."""

import torch
import torch.nn.functional as F


class Band:
    def __init__(self, window, causal, device):
        self.w, self.causal = window, causal
        i = torch.arange(window, 2 * window, device=device)[:, None]
        j = torch.arange(2 * window if causal else 3 * window, device=device)[None, :]
        gap = i - j
        self.near = (gap.abs() < window) & ((gap >= 0) | (not causal))

    def cut(self, x, blocks, around):
        """(..., blocks, rows, d): rows of the block, with its neighbours if `around`."""
        w = self.w
        x = F.pad(x, (0, 0, 0, blocks * w - x.size(-2)))
        x = x.reshape(*x.shape[:-2], blocks, w, x.size(-1))
        if not around:
            return x
        before = F.pad(x, (0, 0, 0, 0, 1, 0))[..., :-1, :, :]
        after = F.pad(x, (0, 0, 0, 0, 0, 1))[..., 1:, :, :]
        return torch.cat([before, x] if self.causal else [before, x, after], dim=-2)

    def __call__(self, q, k, v):
        n, w = k.size(-2), self.w
        blocks = -(-n // w)
        q = F.pad(q, (0, 0, n - q.size(-2), 0))
        real = self.cut(torch.ones(n, 1, device=q.device), blocks, True).squeeze(-1).bool()
        q, k, v = self.cut(q, blocks, False), self.cut(k, blocks, True), self.cut(v, blocks, True)
        s = q @ k.transpose(-1, -2) / (q.size(-1) ** 0.5)
        seen = self.near & real[:, None, :]
        s = s.masked_fill(~seen, torch.finfo(s.dtype).min)
        s = s - s.amax(-1, keepdim=True).detach()
        p = s.exp() * seen
        p = p / p.sum(-1, keepdim=True).clamp_min(torch.finfo(s.dtype).tiny)
        return (p @ v).flatten(-3, -2)[..., :n, :]


def sliding_window_attention(q, k, v, window, causal=True):
    asked = q.size(-2)
    return Band(min(window, k.size(-2)), causal, q.device)(q, k, v)[..., k.size(-2) - asked :, :]
