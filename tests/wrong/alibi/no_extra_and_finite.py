# mistake: Additional slopes repeat the first ones, and hidden keys get −10⁴: two mistakes.
# bug: even_ones_in_between + hidden_by_a_number
import math

import torch


def alibi_slopes(n_heads):
    p = 2 ** int(math.log2(n_heads))
    slopes = [2.0 ** (-8 * (i + 1) / p) for i in range(p)]
    extra = [2.0 ** (-8 * (i + 1) / (2 * p)) for i in range(0, 2 * p, 2)]
    return slopes + slopes[: n_heads - p]


def alibi_attention(q, k, v, causal=True):
    n, t = q.shape[-2], k.shape[-2]
    rel = torch.arange(t, device=q.device) - torch.arange(t - n, t, device=q.device)[:, None]
    m = torch.tensor(alibi_slopes(q.shape[-3]), dtype=q.dtype, device=q.device).view(-1, 1, 1)
    att = torch.einsum("...id,...jd->...ij", q, k) / q.shape[-1] ** 0.5
    att = att - m * rel.abs()
    if causal:
        att = att.masked_fill(rel > 0, -1e4)
    return att.softmax(-1) @ v
