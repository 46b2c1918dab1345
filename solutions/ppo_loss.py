"""Proximal policy optimisation of a language model (Schulman et al., 2016 and 2017; Ouyang et al., 2022).

    δₜ = rₜ + γ Vₜ₊₁ − Vₜ,   Aₜ = δₜ + γλ Aₜ₊₁,   R = A + V
    L = −min(ρA, clip(ρ) A) + c_V ½ max((V − R)², (V̂ − R)²) − c_H H,   ρ = π/π_old

Each token of an answer is an action; t + 1 is the next token of the mask.
"""

import torch
from torch import Tensor


@torch.no_grad()
def token_rewards(
    scores: Tensor, log_probs: Tensor, ref_log_probs: Tensor, mask: Tensor, beta: float = 0.1
) -> Tensor:
    log_ratio = log_probs - ref_log_probs  # (B, T): its mean is the KL divergence
    position = torch.arange(mask.shape[1], device=mask.device)  # (T,)
    last = torch.where(mask, position, -1).amax(1, keepdim=True)  # (B, 1), −1: no token
    marks = torch.where(position == last, scores.unsqueeze(1), 0.0)  # (B, T)
    return torch.where(mask, marks - beta * log_ratio, 0.0)


@torch.no_grad()
def gae(
    rewards: Tensor, values: Tensor, mask: Tensor, gamma: float = 1.0, lam: float = 0.95
) -> tuple[Tensor, Tensor]:
    advantages = torch.zeros_like(values)  # (B, T)
    next_value = torch.zeros_like(values[:, 0])  # (B,)
    next_advantage = torch.zeros_like(values[:, 0])  # (B,)
    for t in reversed(range(values.shape[1])):
        here = mask[:, t]  # (B,)
        delta = rewards[:, t] + gamma * next_value - values[:, t]
        advantage = delta + gamma * lam * next_advantage
        advantages[:, t] = torch.where(here, advantage, 0.0)
        next_advantage = torch.where(here, advantage, next_advantage)  # passed on over a gap
        next_value = torch.where(here, values[:, t], next_value)
    returns = torch.where(mask, advantages + values, 0.0)
    return advantages, returns


def ppo_loss(
    logits: Tensor,
    actions: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    values: Tensor,
    old_values: Tensor,
    returns: Tensor,
    mask: Tensor,
    clip: float = 0.2,
    value_clip: float = 0.2,
    value_weight: float = 0.5,
    entropy_weight: float = 0.01,
) -> Tensor:
    log_p = logits[mask].log_softmax(-1)  # (n, V), the n tokens that count
    log_prob = log_p.gather(-1, actions[mask].unsqueeze(-1)).squeeze(-1)  # (n,)
    entropy = -(log_p.exp() * log_p).sum(-1)  # (n,)
    A = advantages[mask].detach()  # (n,)
    V, V_old, R = values[mask], old_values[mask].detach(), returns[mask].detach()  # (n,) each

    ratio = (log_prob - old_log_probs[mask].detach()).exp()  # (n,)
    clipped_ratio = ratio.clamp(1 - clip, 1 + clip)  # (n,)
    policy_losses = -torch.minimum(ratio * A, clipped_ratio * A)  # (n,)

    clipped_V = V_old + (V - V_old).clamp(-value_clip, value_clip)  # (n,)
    value_losses = 0.5 * torch.maximum((V - R).square(), (clipped_V - R).square())  # (n,)
    return policy_losses.mean() + value_weight * value_losses.mean() - entropy_weight * entropy.mean()
