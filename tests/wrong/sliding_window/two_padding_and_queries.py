# mistake: Padding gets weight, and fewer queries than keys stand at the beginning: two mistakes.
# bug: padding_gets_weight + queries_counted_from_zero
import torch
import torch.nn.functional as F


def sliding_window_attention(q, k, v, window, causal=True):
    n, w = q.shape[-2], min(window, k.shape[-2])
    end = 0 if causal else w - 1
    kw, vw = (F.pad(x, (0, 0, w - 1, end)).unfold(-2, w + end, 1)[..., :n, :, :] for x in (k, v))
    a = torch.einsum("...id,...idw->...iw", q, kw).div(q.shape[-1] ** 0.5).softmax(-1)
    return torch.einsum("...iw,...ivw->...iv", a, vw)
