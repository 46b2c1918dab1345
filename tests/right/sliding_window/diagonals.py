"""One diagonal of the band after the other: the keys shifted by an offset, all queries at once."""

import torch


def shifted(x, start, count, offset):
    """Row i is row start + i + offset of x, zeros where there is none."""
    n = x.shape[-2]
    low, high = start + offset, start + offset + count
    inside = x[..., max(low, 0) : max(min(high, n), 0), :]
    parts = [x.new_zeros(*x.shape[:-2], max(min(-low, count), 0), x.shape[-1]), inside]
    parts.append(x.new_zeros(*x.shape[:-2], count - parts[0].shape[-2] - inside.shape[-2], x.shape[-1]))
    return torch.cat(parts, dim=-2)


def sliding_window_attention(q, k, v, window, causal=True):
    tq, tk = q.shape[-2], k.shape[-2]
    start = tk - tq
    reach = min(window, tk)
    offsets = list(range(1 - reach, 1 if causal else reach))
    own = torch.arange(start, tk, device=q.device)
    columns = []
    for o in offsets:
        s = (q * shifted(k, start, tq, o)).sum(-1) * q.shape[-1] ** -0.5
        columns.append(torch.where((own + o >= 0) & (own + o < tk), s, -torch.inf))
    w = torch.softmax(torch.stack(columns, -1), -1)
    out = 0
    for place, o in enumerate(offsets):
        out = out + w[..., place, None] * shifted(v, start, tq, o)
    return out
