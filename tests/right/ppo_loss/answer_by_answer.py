"""Each answer compressed to its own tokens; sums kept apart and divided at the end."""

import torch


def _answers(mask):
    return [row.nonzero().squeeze(1) for row in mask]


@torch.no_grad()
def token_rewards(scores, log_probs, ref_log_probs, mask, beta=0.1):
    out = log_probs.new_zeros(log_probs.shape)
    for b, places in enumerate(_answers(mask)):
        if len(places):
            out[b, places] = beta * (ref_log_probs[b, places] - log_probs[b, places])
            out[b, places[-1]] += scores[b]
    return out


@torch.no_grad()
def gae(rewards, values, mask, gamma=1.0, lam=0.95):
    advantages, returns = torch.zeros_like(values), torch.zeros_like(values)
    for b, places in enumerate(_answers(mask)):
        v = torch.cat([values[b, places], values.new_zeros(1)])
        delta = rewards[b, places] + gamma * v[1:] - v[:-1]
        a = delta.clone()
        for k in range(len(places) - 2, -1, -1):
            a[k] += gamma * lam * a[k + 1]
        advantages[b, places] = a
        returns[b, places] = a + v[:-1]
    return advantages, returns


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
    policy, value, entropy = [], [], []
    for b, places in enumerate(_answers(mask)):
        z = logits[b, places]
        log_p = z - z.logsumexp(1, keepdim=True)
        taken = log_p[torch.arange(len(places), device=z.device), actions[b, places]]
        ratio = torch.exp(taken - old_log_probs[b, places].detach())
        A = advantages[b, places].detach()
        policy.append(torch.stack([ratio * A, ratio.clip(1 - clip, 1 + clip) * A]).amin(0))
        V, old, R = values[b, places], old_values[b, places].detach(), returns[b, places].detach()
        near = V.clip(old - value_clip, old + value_clip)
        value.append(torch.stack([V - R, near - R]).square().amax(0))
        entropy.append(-(log_p.exp() * log_p).sum(1))
    policy, value, entropy = (torch.cat(x).mean() for x in (policy, value, entropy))
    return -policy + value_weight * value / 2 - entropy_weight * entropy
