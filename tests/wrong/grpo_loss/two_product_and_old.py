# mistake: two: padding is multiplied by 0 after exp, and the old policy learns
# bug: old_policy_learns + padding_by_product
import torch
from torch import Tensor


def completion_mask(tokens: Tensor, end: int) -> Tensor:
    ends = (tokens == end).long()
    return ends.cumsum(1) - ends == 0


def group_advantages(rewards: Tensor, normalise: bool = True) -> Tensor:
    rewards = rewards.detach()
    centred = rewards - rewards.mean(1, keepdim=True)
    agree = (rewards == rewards[:, :1]).all(1, keepdim=True)
    if normalise:
        centred = centred / rewards.std(1, correction=0, keepdim=True)
    return centred.masked_fill(agree, 0.0)


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
    advantages = advantages.detach()[:, None]
    ratio = (log_probs - old_log_probs).exp() * mask
    surrogate = torch.min(ratio * advantages, ratio.clamp(1 - clip_low, 1 + clip_high) * advantages)
    d = ref_log_probs.detach() - log_probs
    loss = (beta * (d.exp() - 1 - d) - surrogate) * mask
    if average == "token":
        return loss.sum() / mask.sum()
    counts = mask.sum(1)
    return (loss.sum(1) / counts.clamp(min=1)).sum() / (counts > 0).sum()
