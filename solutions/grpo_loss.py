"""Group relative policy optimisation (Shao et al., 2024), with the limits and the average of DAPO as options.

Aᵢ = (rᵢ − mean(r)) / std(r),   ρ = π/π_old,   d = log π_ref − log π
L = −min(ρA, clip(ρ, 1 − ε_low, 1 + ε_high) A) + β (e^d − 1 − d)
"""

import torch
from torch import Tensor


def completion_mask(tokens: Tensor, end: int) -> Tensor:
    ended = (tokens == end).long()  # (B, T)
    earlier = ended.cumsum(-1) - ended  # (B, T): how many ends stand before
    return earlier == 0


@torch.no_grad()
def group_advantages(rewards: Tensor, normalise: bool = True) -> Tensor:
    centred = rewards - rewards.mean(-1, keepdim=True)  # (P, G)
    std = centred.square().mean(-1, keepdim=True).sqrt()  # (P, 1)
    scaled = centred / std if normalise else centred  # (P, G)
    alike = (rewards == rewards[:, :1]).all(-1, keepdim=True)  # (P, 1): nothing to learn
    return scaled.masked_fill(alike, 0.0)


def grpo_loss(
    log_probs: Tensor,
    old_log_probs: Tensor,
    ref_log_probs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    clip_low: float = 0.2,
    clip_high: float = 0.2,
    beta: float = 0.04,
    average: str = "answer",
) -> Tensor:
    answer = mask.nonzero()[:, 0]  # (n,): whose token it is, for the n that count
    A = advantages.detach()[answer]  # (n,)
    log_prob = log_probs[mask]  # (n,)

    ratio = (log_prob - old_log_probs[mask].detach()).exp()  # (n,)
    clipped_ratio = ratio.clamp(1 - clip_low, 1 + clip_high)  # (n,)
    objective = torch.minimum(ratio * A, clipped_ratio * A)  # (n,)

    d = ref_log_probs[mask].detach() - log_prob  # (n,)
    kl = d.expm1() - d  # (n,), at least 0
    losses = beta * kl - objective  # (n,)

    if average == "token":
        return losses.mean()
    length = mask.sum(1)  # (B,)
    answers = (length > 0).sum()
    return (losses / length[answer]).sum() / answers
