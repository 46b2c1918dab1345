import torch
from torch import Tensor


def next_token_probs(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    min_p: float = 0.0,
    repetition_penalty: float = 1.0,
    previous: Tensor | None = None,
) -> Tensor:
    """All cuts are made among the logits, by ranks from comparisons of pairs: nothing is sorted."""
    z = logits
    if previous is not None:
        ids = torch.arange(z.shape[-1], device=z.device)
        seen = (previous[..., None] == ids).any(-2)
        z = torch.where(seen, torch.where(z < 0, z * repetition_penalty, z / repetition_penalty), z)
    earlier = torch.ones(z.shape[-1], z.shape[-1], dtype=torch.bool, device=z.device).tril(-1)
    left, right = z[..., :, None], z[..., None, :]
    ahead = (right > left) | ((right == left) & earlier)
    rank = ahead.sum(-1)
    if temperature == 0:
        z = z.masked_fill(rank > 0, -torch.inf)
    else:
        z = z / temperature
    if top_k is not None:
        z = z.masked_fill(rank >= top_k, -torch.inf)
    if top_p < 1:
        p = torch.nan_to_num(torch.softmax(z, -1))
        before = (p[..., None, :] * ahead).sum(-1)
        z = z.masked_fill((before >= top_p) & (rank > 0), -torch.inf)
    if min_p > 0:
        p = torch.nan_to_num(torch.softmax(z, -1))
        z = z.masked_fill(p < min_p * p.amax(-1, keepdim=True), -torch.inf)
    return torch.nan_to_num(torch.softmax(z, -1))


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
    """A race of exponential clocks."""
    p = next_token_probs(logits, temperature, top_k, top_p, min_p, repetition_penalty, previous)
    clocks = torch.empty_like(p, dtype=torch.float64).exponential_(generator=generator)
    winner = (p / clocks).argmax(-1)
    return torch.where(p.amax(-1) > 0, winner, -1)
