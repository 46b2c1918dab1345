# mistake: two: the end token is not in the mask, and std divides by G − 1
# bug: end_left_out + unbiased_std
import torch


def completion_mask(tokens, end):
    hit = (tokens == end).long()
    return hit.cumsum(1) < 1


def group_advantages(rewards, normalise=True):
    r = rewards.detach()
    adv = r - r.mean(1, keepdim=True)
    equal = (r == r[:, :1]).all(1, keepdim=True)
    if normalise:
        adv = adv / r.std(1, keepdim=True)
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
    old, ref, A = old_log_probs.detach(), ref_log_probs.detach(), advantages.detach()[:, None]
    ratio = torch.exp((log_probs - old).masked_fill(~mask, 0.0))
    d = (ref - log_probs).masked_fill(~mask, 0.0)
    gain = torch.min(ratio * A, ratio.clamp(1 - clip_low, 1 + clip_high) * A)
    loss = (beta * (d.exp() - 1 - d) - gain).masked_fill(~mask, 0.0)
    n = mask.sum(1)
    if average == "token":
        return loss.sum() / n.sum()
    return (loss.sum(1) / n.clamp(min=1)).sum() / (n > 0).sum()
