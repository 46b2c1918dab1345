"""With masks and sums, everything filled in before exp."""

import torch


def completion_mask(tokens, end):
    is_end = tokens == end
    T = tokens.shape[1]
    first = torch.full((tokens.shape[0],), T, device=tokens.device)
    has = is_end.any(dim=1)
    first[has] = is_end.int().argmax(dim=1)[has]
    return torch.arange(T, device=tokens.device)[None, :] <= first[:, None]


def group_advantages(rewards, normalise=True):
    with torch.no_grad():
        mean = rewards.mean(dim=1, keepdim=True)
        adv = rewards - mean
        equal = rewards.max(dim=1, keepdim=True).values == rewards.min(dim=1, keepdim=True).values
        if normalise:
            std = rewards.std(dim=1, keepdim=True, unbiased=False)
            adv = adv / torch.where(equal, torch.ones_like(std), std)
        return torch.where(equal, torch.zeros_like(adv), adv)


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
    zero = torch.zeros_like(log_probs)
    ratio = torch.exp(torch.where(mask, log_probs - old_log_probs.detach(), zero))
    adv = advantages.detach().unsqueeze(1)
    pg = torch.max(-adv * ratio, -adv * torch.clamp(ratio, 1 - clip_low, 1 + clip_high))
    d = torch.where(mask, ref_log_probs.detach() - log_probs, zero)
    loss = (pg + beta * (torch.exp(d) - d - 1)) * mask
    if average == "token":
        return loss.sum() / mask.sum()
    n = mask.sum(dim=1)
    per_answer = loss.sum(dim=1) / n.clamp(min=1)
    return per_answer.sum() / (n > 0).sum()
