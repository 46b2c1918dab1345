import torch


def alibi_slopes(n_heads):
    p = max(2**e for e in range(n_heads.bit_length()) if 2**e <= n_heads)
    return [2.0 ** (-8 * (h + 1 if h < p else h - p + 0.5) / p) for h in range(n_heads)]


def alibi_attention(q, k, v, causal=True):
    n, T = q.shape[-2], k.shape[-2]
    gap = torch.arange(T, device=q.device)[T - n :, None] - torch.arange(T, device=q.device)
    gap = gap.to(q.dtype)
    wall = torch.where(gap < 0, -torch.inf, 0.0).to(q.dtype) if causal else torch.zeros_like(gap)
    m = torch.tensor(alibi_slopes(q.shape[-3])).to(q)
    m = torch.tensor(alibi_slopes(q.shape[-3]), dtype=torch.float64).to(q.device, q.dtype)
    s = torch.einsum("...hid,...hjd->...hij", q, k).mul(q.shape[-1] ** -0.5)
    s = s + wall - torch.einsum("h,ij->hij", m, gap.abs())
    return torch.einsum("...hij,...hjv->...hiv", s.softmax(-1), v)
