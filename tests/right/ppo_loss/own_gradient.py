"""GAE as a product with a triangular matrix over the packed tokens; weights of 1/N instead of selection."""

import torch


def token_rewards(scores, log_probs, ref_log_probs, mask, beta=0.1):
    spots = torch.arange(1, mask.shape[1] + 1, device=mask.device).expand(mask.shape) * mask
    last = (spots == spots.amax(1, keepdim=True)) & mask
    kl = torch.where(mask, log_probs - ref_log_probs, 0)
    return (torch.where(last, scores.unsqueeze(1), 0) - beta * kl).detach()


def gae(rewards, values, mask, gamma=1.0, lam=0.95):
    with torch.no_grad():
        order = torch.argsort((~mask).to(torch.int8), dim=1, stable=True)  # tokens first, kept in order
        on = mask.gather(1, order)
        r = torch.where(on, rewards.gather(1, order), 0)
        v = torch.where(on, values.gather(1, order), 0)
        after = torch.cat([v[:, 1:], torch.zeros_like(v[:, :1])], 1)
        delta = r + gamma * after - v
        n = mask.shape[1]
        steps = torch.arange(n, device=mask.device)
        gap = steps[None, :] - steps[:, None]
        decay = torch.where(
            gap >= 0, torch.pow(torch.full_like(rewards[:1, :1], gamma * lam), gap.clamp(min=0)), 0
        )
        a = torch.where(on, delta @ decay.to(delta).T, 0)
        back = torch.argsort(order, dim=1)
        return a.gather(1, back), torch.where(on, a + v, 0).gather(1, back)


class Clipped(torch.autograd.Function):
    """min(ρA, clip(ρ)A): the gradient of ρA where the first is the smaller, else 0."""

    @staticmethod
    def forward(ctx, log_ratio, advantages, clip):
        ratio = log_ratio.exp()
        plain, cut = ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages
        ctx.save_for_backward(torch.where(plain <= cut, plain, torch.zeros_like(plain)))
        return torch.minimum(plain, cut)

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0], None, None


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
    zero = torch.zeros((), dtype=logits.dtype, device=logits.device)
    weight = mask.to(logits.dtype) / mask.sum()
    actions = torch.where(mask, actions, 0)
    logits = torch.where(mask[..., None], logits, zero)
    old, adv, v0, ret = (
        torch.where(mask, x.detach(), zero) for x in (old_log_probs, advantages, old_values, returns)
    )
    v = torch.where(mask, values, zero)
    spread = torch.distributions.Categorical(logits=logits)
    log_ratio = torch.where(mask, spread.log_prob(actions) - old, zero)
    surrogate = Clipped.apply(log_ratio, adv, clip)
    away = torch.minimum(torch.maximum(v, v0 - value_clip), v0 + value_clip)
    squares = torch.stack([(v - ret).square(), (away - ret).square()]).amax(0) / 2
    return (weight * (value_weight * squares - surrogate - entropy_weight * spread.entropy())).sum()
