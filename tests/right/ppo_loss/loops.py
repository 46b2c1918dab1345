"""Token by token."""

import torch


def token_rewards(scores, log_probs, ref_log_probs, mask, beta=0.1):
    out = torch.zeros_like(log_probs.detach())
    for b in range(mask.shape[0]):
        last = None
        for t in range(mask.shape[1]):
            if mask[b, t]:
                out[b, t] = -beta * (log_probs[b, t] - ref_log_probs[b, t]).detach()
                last = t
        if last is not None:
            out[b, last] += scores[b].detach()
    return out


def gae(rewards, values, mask, gamma=1.0, lam=0.95):
    advantages, returns = torch.zeros_like(values.detach()), torch.zeros_like(values.detach())
    for b, row in enumerate(mask.tolist()):
        places = [t for t, here in enumerate(row) if here]
        for k, t in enumerate(places):
            total, weight = 0.0, 1.0
            for i in range(k, len(places)):
                after = values[b, places[i + 1]].detach() if i + 1 < len(places) else 0.0
                here = places[i]
                total = total + weight * (rewards[b, here] + gamma * after - values[b, here]).detach()
                weight *= gamma * lam
            advantages[b, t] = total
            returns[b, t] = total + values[b, t].detach()
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
    terms = []
    for b, t in mask.nonzero().tolist():
        z = logits[b, t] - logits[b, t].max().detach()
        log_p = z - z.exp().sum().log()
        ratio = (log_p[actions[b, t]] - old_log_probs[b, t].detach()).exp()
        A = advantages[b, t].item()
        outside = (A > 0 and ratio > 1 + clip) or (A < 0 and ratio < 1 - clip)
        bound = 1 + clip if A > 0 else 1 - clip
        policy = -bound * A if outside else -ratio * A
        V, old, R = values[b, t], old_values[b, t].item(), returns[b, t].item()
        near = V if abs(V - old) <= value_clip else (old + value_clip if V > old else old - value_clip)
        one, other = (V - R) ** 2, (near - R) ** 2
        value = one / 2 if one >= other else other / 2
        entropy = -sum(p.exp() * p for p in log_p)
        terms.append(policy + value_weight * value - entropy_weight * entropy)
    return sum(terms) / len(terms)
