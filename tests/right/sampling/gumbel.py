"""Everything on logits; the draw by the largest of logits plus Gumbel noise."""

import math

import torch

INF = float("inf")


def ranks(z):
    """0 for the most probable; of equals the smaller id is."""
    ids = torch.arange(z.shape[-1], device=z.device)
    before = (z.unsqueeze(-2) > z.unsqueeze(-1)) | (
        (z.unsqueeze(-2) == z.unsqueeze(-1)) & (ids < ids[:, None])
    )
    return before.sum(-1), before


def cut(logits, temperature, top_k, top_p, min_p, penalty, previous):
    z = logits.detach()
    if previous is not None:
        V = z.shape[-1]
        marks = torch.nn.functional.one_hot(previous + 1, V + 1).sum(-2).bool()[..., 1:]
        z = torch.where(
            marks,
            torch.maximum(z / penalty, z * penalty)
            if penalty < 1
            else torch.minimum(z / penalty, z * penalty),
            z,
        )
    rank, before = ranks(z)
    if temperature == 0:
        return torch.where(rank == 0, z, -INF)
    z = z / temperature
    if top_k:
        z = torch.where(rank < top_k, z, -INF)
    if top_p != 1:
        p = z.softmax(-1).nan_to_num()
        above = (before.to(p.dtype) @ p.unsqueeze(-1)).squeeze(-1)
        z = torch.where((rank == 0) | (above < top_p), z, -INF)
    if min_p:
        z = torch.where(z >= z.amax(-1, keepdim=True) + math.log(min_p), z, -INF)
    return z


def next_token_probs(
    logits, temperature=1.0, top_k=None, top_p=1.0, min_p=0.0, repetition_penalty=1.0, previous=None
):
    z = cut(logits, temperature, top_k, top_p, min_p, repetition_penalty, previous)
    return z.log_softmax(-1).exp().nan_to_num(0)


def sample(
    logits,
    temperature=1.0,
    top_k=None,
    top_p=1.0,
    min_p=0.0,
    repetition_penalty=1.0,
    previous=None,
    generator=None,
):
    z = cut(logits, temperature, top_k, top_p, min_p, repetition_penalty, previous)
    u = torch.rand(z.shape, generator=generator, dtype=torch.float64, device=z.device).clamp(min=1e-300)
    noisy = z - torch.log(-torch.log(u))
    return noisy.argmax(-1).masked_fill((z == -INF).all(-1), -1)
