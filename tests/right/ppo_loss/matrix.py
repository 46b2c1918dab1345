"""GAE as one product with a matrix of powers; the loss in a class."""

import torch
from torch import einsum, nn


def token_rewards(scores, log_probs, ref_log_probs, mask, beta=0.1):
    seen = mask.long().cumsum(1)
    last = mask & (seen == seen[:, -1:])
    penalty = beta * (ref_log_probs - log_probs).detach()
    zero = torch.zeros_like(penalty)
    return torch.where(mask, penalty, zero) + torch.where(
        last, scores.detach()[:, None].expand_as(zero), zero
    )


def gae(rewards, values, mask, gamma=1.0, lam=0.95):
    rewards, values = rewards.detach(), values.detach()
    number = mask.long().cumsum(1)
    both = mask[:, :, None] & mask[:, None, :]
    steps = number[:, None, :] - number[:, :, None]
    following = (both & (steps == 1)).to(values.dtype)
    clean = torch.where(mask, values, torch.zeros_like(values))
    delta = torch.where(
        mask, rewards + gamma * einsum("bts,bs->bt", following, clean) - clean, torch.zeros_like(clean)
    )
    decay = torch.full_like(delta[:, :, None], gamma * lam) ** steps.clamp(min=0)
    reach = decay * (both & (steps >= 0)).to(values.dtype)
    advantages = einsum("bts,bs->bt", reach, delta)
    return advantages, advantages + clean


class PPO(nn.Module):
    def __init__(self, clip, value_clip, value_weight, entropy_weight):
        super().__init__()
        self.clip, self.value_clip = clip, value_clip
        self.value_weight, self.entropy_weight = value_weight, entropy_weight

    def forward(self, logits, actions, old, A, V, V_old, R):
        hot = nn.functional.one_hot(actions, logits.shape[-1]).to(logits.dtype)
        log_p = logits - logits.logsumexp(-1, keepdim=True)
        log_ratio = einsum("nv,nv->n", log_p, hot) - old
        ratio = log_ratio.exp()
        limit = torch.where(A >= 0, (1 + self.clip) * A, (1 - self.clip) * A)
        objective = torch.where(ratio * A < limit, ratio * A, limit)
        error = (V - R) ** 2
        move = torch.clamp(V.detach() - V_old, -self.value_clip, self.value_clip)
        inside = (V.detach() - V_old).abs() <= self.value_clip
        held = torch.where(inside, error, (V_old + move - R) ** 2)
        value = torch.where(held > error, held, error) / 2
        entropy = -einsum("nv,nv->n", log_p.softmax(-1), log_p)
        return (-objective + self.value_weight * value - self.entropy_weight * entropy).mean()


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
    old, A, V_old, R = (x.detach()[mask] for x in (old_log_probs, advantages, old_values, returns))
    loss = PPO(clip, value_clip, value_weight, entropy_weight)
    return loss(logits[mask], actions[mask], old, A, values[mask], V_old, R)
