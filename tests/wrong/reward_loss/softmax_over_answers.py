# mistake: Plackett–Luce: each answer against all that rank behind it
import torch


def cost(x):
    peak = (-x).clamp(min=0).detach()
    return peak + torch.log(torch.exp(-peak) + torch.exp(-x - peak))


def last_scores(scores, mask):
    T = mask.shape[-1]
    last = T - 1 - mask.flip(-1).long().argmax(-1)
    return scores.gather(-1, last[..., None])[..., 0]


def reward_loss(chosen, rejected, margin=None, centre=0.0):
    x = chosen - rejected
    if margin is not None:
        x = x - margin.detach()
    return (cost(x) + centre * (chosen + rejected) ** 2).mean()


def ranked_reward_loss(rewards, ranks):
    worse = ranks[:, :, None] <= ranks[:, None, :]
    top = rewards.amax(1, keepdim=True).detach()
    total = ((rewards - top).exp()[:, None, :] * worse).sum(-1).log() + top
    each = (ranks[:, :, None] < ranks[:, None, :]).any(-1)
    losses = ((total - rewards) * each).sum(1) / each.sum(1).clamp(min=1)
    return losses.sum() / each.any(1).sum().clamp(min=1)
