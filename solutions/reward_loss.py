"""Losses of reward models: pairs (Bradley and Terry, 1952) and rankings (Ouyang et al., 2022).

    P(w ≻ l) = σ(r_w − r_l),   −log σ(Δ) = log(1 + e^(−Δ)) = peak + log(e^(−peak) + e^(−Δ−peak))

peak = max(0, −Δ): no exponential of a positive number.
"""

import torch
from torch import Tensor


def cost(difference: Tensor) -> Tensor:
    """−log σ(Δ), entry by entry."""
    peak = (-difference).clamp(min=0.0).detach()
    total = (-peak).exp() + (-difference - peak).exp()  # from 1 to 2
    return peak + total.log()


def last_scores(scores: Tensor, mask: Tensor) -> Tensor:
    position = torch.arange(mask.shape[-1], device=mask.device)  # (T,)
    real = torch.where(mask, position, -1)  # (…, T)
    last = real.amax(-1, keepdim=True)  # (…, 1)
    return scores.gather(-1, last).squeeze(-1)  # (…)


def reward_loss(
    chosen: Tensor, rejected: Tensor, margin: Tensor | None = None, centre: float = 0.0
) -> Tensor:
    difference = chosen - rejected  # (B,)
    if margin is not None:
        difference = difference - margin.detach()
    losses = cost(difference)  # (B,)
    level = (chosen + rejected).square()  # (B,)
    return (losses + centre * level).mean()


def ranked_reward_loss(rewards: Tensor, ranks: Tensor) -> Tensor:
    difference = rewards.unsqueeze(-1) - rewards.unsqueeze(-2)  # (P, K, K): r of the row − r of the column
    better = ranks.unsqueeze(-1) < ranks.unsqueeze(-2)  # (P, K, K): each pair once, no ties
    losses = cost(difference).masked_fill(~better, 0.0)  # (P, K, K)
    pairs = better.sum((-2, -1))  # (P,)
    of_prompts = losses.sum((-2, -1)) / pairs.clamp(min=1)  # (P,)
    prompts = (pairs > 0).sum()  # those that have a pair
    return of_prompts.sum() / prompts.clamp(min=1)
