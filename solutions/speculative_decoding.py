"""Speculative decoding: a small model drafts, a large one decides, and the output is the large one's.

a(x) = min(1, p(x)/q(x)),   r = max(0, p − q) / Σ max(0, p − q),   min(p, q) + (1 − Σ min(p, q)) r = p
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad


def acceptance(p: Tensor, q: Tensor, drafted: Tensor) -> Tensor:
    x = drafted.unsqueeze(-1)  # (..., γ, 1)
    ratio = p.gather(-1, x) / q.gather(-1, x)
    return ratio.squeeze(-1).clamp(max=1.0)  # (..., γ)


def residual(p: Tensor, q: Tensor) -> Tensor:
    left = (p - q).clamp(min=0.0)  # (..., V)
    total = left.sum(-1, keepdim=True)
    return torch.where(total > 0, left / total, p)


@torch.no_grad()
def verify(p: Tensor, q: Tensor, drafted: Tensor, generator: torch.Generator | None = None) -> Tensor:
    chance = acceptance(p[..., :-1, :], q, drafted)  # (..., γ)
    u = torch.rand(chance.shape, generator=generator, dtype=p.dtype, device=p.device)
    kept = (u < chance).cumprod(-1)  # 1 before the first rejection, then 0
    n = kept.sum(-1, keepdim=True)  # (..., 1), how many are accepted
    sources = torch.cat([residual(p[..., :-1, :], q), p[..., -1:, :]], dim=-2)  # (..., γ + 1, V)
    at = n.unsqueeze(-1).expand(*n.shape, p.shape[-1])
    source = sources.gather(-2, at)  # (..., 1, V)
    last = torch.multinomial(source.reshape(-1, p.shape[-1]), 1, generator=generator).view(n.shape)
    position = torch.arange(p.shape[-2], device=p.device)
    tokens = pad(drafted, (0, 1)).masked_fill(position > n, -1)
    return torch.where(position == n, last, tokens)


@torch.no_grad()
def speculate(
    target: Callable[[Tensor], Tensor],
    draft: Callable[[Tensor], Tensor],
    prompt: Tensor,
    max_new_tokens: int,
    gamma: int,
    eos: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    tokens = prompt
    end = len(prompt) + max_new_tokens
    while len(tokens) < end:
        text, rows = tokens, []
        for _ in range(min(gamma, end - len(tokens) - 1)):
            row = draft(text)[-1]  # (V,)
            rows.append(row)
            text = torch.cat([text, torch.multinomial(row, 1, generator=generator)])
        p = target(text)[len(tokens) - 1 :]  # (k + 1, V)
        q = torch.stack(rows) if rows else p[:0]  # (k, V)
        new = verify(p, q, text[len(tokens) :], generator)
        new = new[new >= 0]
        if eos is not None and (new == eos).any():
            first = new.tolist().index(eos)
            new, end = new[: first + 1], 0
        tokens = torch.cat([tokens, new])
    return tokens[len(prompt) :]
