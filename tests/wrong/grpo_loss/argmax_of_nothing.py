# mistake: the first end is found by argmax, which gives 0 where there is none
# bug: cut_off_after_one
import torch
from torch import Tensor


def completion_mask(tokens: Tensor, end: int) -> Tensor:
    ends = (tokens == end).long()
    return torch.arange(tokens.shape[1], device=tokens.device) <= ends.argmax(1)[:, None]


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
    ratio = (log_probs - old_log_probs.detach()).masked_fill(~mask, 0.0).exp()
    surrogate = torch.min(ratio * advantages, ratio.clamp(1 - clip_low, 1 + clip_high) * advantages)
    d = (ref_log_probs.detach() - log_probs).masked_fill(~mask, 0.0)
    loss = (beta * (d.exp() - 1 - d) - surrogate).masked_fill(~mask, 0.0)
    if average == "token":
        return loss.sum() / mask.sum()
    counts = mask.sum(1)
    return (loss.sum(1) / counts.clamp(min=1)).sum() / (counts > 0).sum()
