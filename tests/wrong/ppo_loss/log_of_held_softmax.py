# mistake: the logarithm of a softmax that is held above 10⁻¹²
# bug: log_of_softmax
import torch
from torch import Tensor


@torch.no_grad()
def token_rewards(scores, log_probs, ref_log_probs, mask, beta=0.1):
    rewards = (-beta * (log_probs - ref_log_probs)).masked_fill(~mask, 0.0)
    after = mask.long().flip(1).cumsum(1).flip(1)
    last = mask & (after == 1)
    return rewards + torch.where(last, scores[:, None], torch.zeros_like(rewards))


@torch.no_grad()
def gae(rewards, values, mask, gamma=1.0, lam=0.95):
    advantages = torch.zeros_like(rewards)
    next_value = torch.zeros_like(values[:, 0])
    next_advantage = torch.zeros_like(values[:, 0])
    for t in reversed(range(rewards.shape[1])):
        delta = rewards[:, t] + gamma * next_value - values[:, t]
        advantage = delta + gamma * lam * next_advantage
        here = mask[:, t]
        advantages[:, t] = torch.where(here, advantage, torch.zeros_like(advantage))
        next_value = torch.where(here, values[:, t], next_value)
        next_advantage = torch.where(here, advantage, next_advantage)
    returns = torch.where(mask, advantages + values, torch.zeros_like(values))
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
    logits, actions, values = logits[mask], actions[mask], values[mask]
    old_log_probs, advantages = old_log_probs[mask].detach(), advantages[mask].detach()
    old_values, returns = old_values[mask].detach(), returns[mask].detach()
    log_p = torch.softmax(logits, -1).clamp(min=1e-12).log()
    taken = log_p.gather(-1, actions[:, None])[:, 0]
    ratio = (taken - old_log_probs).exp()
    policy = -torch.min(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
    near = old_values + (values - old_values).clamp(-value_clip, value_clip)
    value = 0.5 * torch.max((values - returns) ** 2, (near - returns) ** 2)
    entropy = -(log_p.exp() * log_p).sum(-1)
    return policy.mean() + value_weight * value.mean() - entropy_weight * entropy.mean()
