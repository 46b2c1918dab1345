"""One weight for each token says how it is averaged; one einsum adds all up."""

import torch
from torch import einsum


def completion_mask(tokens, end):
    hit = (tokens == end).to(torch.int64)
    seen = torch.cat([torch.zeros_like(hit[:, :1]), hit[:, :-1]], dim=1).cummax(dim=1).values
    return ~seen.bool()


def group_advantages(rewards, normalise=True):
    r = rewards.detach()
    G = r.shape[1]
    centring = torch.eye(G, dtype=r.dtype, device=r.device) - 1 / G
    adv = einsum("ij,pj->pi", centring, r - r[:, :1])
    if normalise:
        norm = einsum("pi,pi->p", adv, adv)[:, None].sqrt() / G**0.5
        adv = torch.where(norm > 0, adv / norm.clamp(min=1e-300 if r.dtype == torch.float64 else 1e-38), adv)
    return adv


class Weights:
    def __init__(self, mask, like):
        self.mask = mask.to(like.dtype)

    def token(self):
        return self.mask / self.mask.sum()

    def answer(self):
        n = self.mask.sum(1, keepdim=True)
        return self.mask / n.clamp(min=1) / (n > 0).sum()


def grpo_loss(
    log_probs,
    old_log_probs,
    ref_log_probs,
    advantages,
    mask,
    clip_low=0.2,
    clip_high=0.2,
    beta=0.04,
    average="answer",
):
    old, ref, A = old_log_probs.detach(), ref_log_probs.detach(), advantages.detach()[:, None]
    x = (log_probs - old).masked_fill(~mask, 0)
    d = (ref - log_probs).masked_fill(~mask, 0)
    ratio = x.exp()
    limit = torch.where(A >= 0, (1 + clip_high) * A, (1 - clip_low) * A)
    gain = torch.where(ratio * A < limit, ratio * A, limit)
    loss = beta * (torch.expm1(d) - d) - gain
    return einsum("bt,bt->", loss, getattr(Weights(mask, log_probs), average)())
