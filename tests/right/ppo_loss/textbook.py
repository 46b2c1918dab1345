"""Masked means, with what does not count filled in before exp."""

import torch
import torch.nn.functional as F


def masked_mean(x, mask):
    return torch.where(mask, x, torch.zeros_like(x)).sum() / mask.sum()


def token_rewards(scores, log_probs, ref_log_probs, mask, beta=0.1):
    with torch.no_grad():
        rewards = -beta * (log_probs - ref_log_probs)
        rewards = rewards.masked_fill(~mask, 0.0)
        rows = mask.any(dim=1)
        T = mask.shape[1]
        last = T - 1 - mask.long().flip(1).argmax(dim=1)
        rewards[torch.arange(len(mask), device=mask.device)[rows], last[rows]] += scores[rows]
        return rewards


def gae(rewards, values, mask, gamma=1.0, lam=0.95):
    with torch.no_grad():
        m = mask.to(values.dtype)
        v = torch.where(mask, values, torch.zeros_like(values))
        r = torch.where(mask, rewards, torch.zeros_like(rewards))
        out, nextv, last = [], 0.0, 0.0
        for t in range(values.shape[1] - 1, -1, -1):
            a = r[:, t] + gamma * nextv - v[:, t] + gamma * lam * last
            last = m[:, t] * a + (1 - m[:, t]) * last
            nextv = m[:, t] * v[:, t] + (1 - m[:, t]) * nextv
            out.append(m[:, t] * a)
        adv = torch.stack(out[::-1], dim=1)
        return adv, (adv + v) * m


def ppo_loss(
    logits,
    actions,
    old_log_probs,
    advantages,
    values,
    old_values,
    returns,
    mask,
    clip=0.2,
    value_clip=0.2,
    value_weight=0.5,
    entropy_weight=0.01,
):
    log_p = F.log_softmax(logits, dim=-1)
    new = torch.gather(log_p, -1, actions[..., None])[..., 0]
    log_ratio = (new - old_log_probs.detach()).masked_fill(~mask, 0.0)
    ratio = torch.exp(log_ratio)
    adv = advantages.detach()
    pg = torch.max(-adv * ratio, -adv * torch.clamp(ratio, 1.0 - clip, 1.0 + clip))
    old, ret = old_values.detach(), returns.detach()
    clipped = torch.max(torch.min(values, old + value_clip), old - value_clip)
    vf = 0.5 * torch.max((values - ret) ** 2, (clipped - ret) ** 2)
    ent = -(log_p.exp() * log_p).sum(-1)
    return (
        masked_mean(pg, mask) + value_weight * masked_mean(vf, mask) - entropy_weight * masked_mean(ent, mask)
    )
