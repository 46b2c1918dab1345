# mistake: two: γ does not damp the sum of δ, and entropy is punished
# bug: gamma_not_in_the_sum + entropy_sign
import torch


def mean(x, mask):
    return x[mask].mean()


def token_rewards(scores, log_probs, ref_log_probs, mask, beta=0.1):
    penalty = beta * (log_probs - ref_log_probs).detach()
    rewards = torch.where(mask, -penalty, torch.zeros_like(penalty))
    for b, row in enumerate(mask):
        places = row.nonzero().flatten()
        if len(places):
            rewards[b, places[-1]] += scores[b].detach()
    return rewards


def gae(rewards, values, mask, gamma=1.0, lam=0.95):
    rewards, values = rewards.detach(), values.detach()
    advantages = torch.zeros_like(values)
    after = running = torch.zeros_like(values[:, 0])
    for t in range(values.shape[1] - 1, -1, -1):
        delta = rewards[:, t] + gamma * after - values[:, t]
        a = delta + lam * running
        running = torch.where(mask[:, t], a, running)
        after = torch.where(mask[:, t], values[:, t], after)
        advantages[:, t] = a
    advantages = advantages.masked_fill(~mask, 0.0)
    return advantages, (advantages + values).masked_fill(~mask, 0.0)


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
    old_log_probs, advantages, old_values, returns = (
        x.detach() for x in (old_log_probs, advantages, old_values, returns)
    )
    log_p = logits.log_softmax(-1)
    new = log_p.gather(-1, actions[..., None]).squeeze(-1)
    ratio = torch.exp((new - old_log_probs).masked_fill(~mask, 0.0))
    surrogate = torch.min(ratio * advantages, torch.clamp(ratio, 1 - clip, 1 + clip) * advantages)
    held = old_values + torch.clamp(values - old_values, -value_clip, value_clip)
    error = torch.max((values - returns) ** 2, (held - returns) ** 2)
    entropy = -(log_p.exp() * log_p).sum(-1)
    return (
        -mean(surrogate, mask) + value_weight * 0.5 * mean(error, mask) + entropy_weight * mean(entropy, mask)
    )
