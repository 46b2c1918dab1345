# mistake: Only the left edge is hidden, and the scale is of the width of v: two mistakes.
# bug: padding_after_gets_weight + scaled_by_something_else
import math

import torch
from torch.nn import functional as F


def sliding_window_attention(q, k, v, window, causal=True):
    Tq, Tk = q.shape[-2], k.shape[-2]
    w = min(window, Tk)
    after = 0 if causal else w - 1
    width = w + after
    kw = F.pad(k, (0, 0, w - 1, after)).unfold(-2, width, 1)[..., Tk - Tq :, :, :]
    vw = F.pad(v, (0, 0, w - 1, after)).unfold(-2, width, 1)[..., Tk - Tq :, :, :]
    s = torch.einsum("...td,...tdw->...tw", q, kw) / math.sqrt(v.shape[-1])
    pos = torch.arange(Tk - Tq, Tk, device=q.device)[:, None] + torch.arange(
        -(w - 1), after + 1, device=q.device
    )
    s = s.masked_fill(pos < 0, float("-inf"))
    return torch.einsum("...tw,...tdw->...td", s.softmax(-1), vw)
