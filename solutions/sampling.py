"""The knobs between logits and the next token: penalty, temperature, top-k, top-p, min-p, and the draw.

pᵢ = exp(zᵢ/T) / Σⱼ exp(zⱼ/T) over the tokens that are left; what is cut has z = −∞.
"""

import torch
from torch import Tensor


@torch.no_grad()
def next_token_probs(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    min_p: float = 0.0,
    repetition_penalty: float = 1.0,
    previous: Tensor | None = None,
) -> Tensor:
    if previous is not None:
        logits = penalised(logits, previous, repetition_penalty)
    order = logits.argsort(dim=-1, descending=True, stable=True)  # ties: the smaller id first
    z = logits.gather(-1, order)  # (..., V), the largest first
    rank = torch.arange(z.shape[-1], device=z.device)
    if temperature > 0:
        z = z / temperature
    else:
        top_k = 1
    if top_k is not None:
        z = z.masked_fill(rank >= top_k, -torch.inf)
    if top_p < 1:
        p = shares(z)
        before = p.cumsum(-1) - p  # the sum of all that are more probable
        z = z.masked_fill((before >= top_p) & (rank > 0), -torch.inf)
    p = shares(z)
    p = shares(z.masked_fill(p < min_p * p[..., :1], -torch.inf))
    return torch.zeros_like(p).scatter(-1, order, p)  # back to the order of ids


def penalised(logits: Tensor, previous: Tensor, penalty: float) -> Tensor:
    ids = torch.arange(logits.shape[-1], device=logits.device)
    seen = (previous.unsqueeze(-1) == ids).any(-2)  # (..., n, V) → (..., V); −1 is no id
    lowered = torch.where(logits > 0, logits / penalty, logits * penalty)
    return torch.where(seen, lowered, logits)


def shares(z: Tensor) -> Tensor:
    return z.softmax(-1).nan_to_num(0.0)  # NaN where all are −∞


@torch.no_grad()
def sample(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    min_p: float = 0.0,
    repetition_penalty: float = 1.0,
    previous: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    p = next_token_probs(logits, temperature, top_k, top_p, min_p, repetition_penalty, previous)
    rows = p.reshape(-1, p.shape[-1])  # (N, V)
    empty = rows.sum(-1) == 0
    rows = rows.masked_fill(empty.unsqueeze(-1), 1.0)  # multinomial wants something to draw from
    drawn = torch.multinomial(rows, 1, generator=generator).squeeze(-1)  # (N,)
    return drawn.masked_fill(empty, -1).view(p.shape[:-1])
