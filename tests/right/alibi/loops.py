"""Head by head and query by query; a query gathers only the keys it may see."""

import torch


def alibi_slopes(n_heads):
    power = 1 << (n_heads.bit_length() - 1)
    slopes, h = [], 0
    while len(slopes) < n_heads:
        h += 1
        if h <= power:
            slopes.append(pow(2.0, -8.0 * h / power))
        else:
            odd = 2 * (h - power) - 1
            slopes.append(pow(2.0, -8.0 * odd / (2 * power)))
    return slopes


def one_query(q, k, v, slope, position, causal):
    end = position + 1 if causal else k.shape[-2]
    k, v = k[..., :end, :], v[..., :end, :]
    away = torch.tensor([abs(position - j) for j in range(end)], dtype=q.dtype, device=q.device)
    scores = (k * q.unsqueeze(-2)).sum(-1) * q.shape[-1] ** -0.5 - slope * away
    scores = scores - scores.amax(-1, keepdim=True).detach()
    weights = scores.exp()
    weights = weights / weights.sum(-1, keepdim=True)
    return (weights.unsqueeze(-1) * v).sum(-2)


def alibi_attention(q, k, v, causal=True):
    start = k.shape[-2] - q.shape[-2]
    heads = []
    for h, slope in enumerate(alibi_slopes(q.shape[-3])):
        qh, kh, vh = (x.select(-3, h) for x in (q, k, v))
        rows = [one_query(qh[..., t, :], kh, vh, slope, start + t, causal) for t in range(q.shape[-2])]
        heads.append(torch.stack(rows, dim=-2))
    return torch.stack(heads, dim=-3)
