# mistake: the square of the mean is taken, not the mean of the squares
# bug: centre_of_means
import torch


def cost(x):
    peak = (-x).clamp(min=0).detach()
    return peak + torch.log(torch.exp(-peak) + torch.exp(-x - peak))


def last_scores(scores, mask):
    T = mask.shape[-1]
    last = T - 1 - mask.flip(-1).long().argmax(-1)
    return scores.gather(-1, last[..., None])[..., 0]


def reward_loss(chosen, rejected, margin=None, centre=0.0):
    x = chosen - rejected if margin is None else chosen - rejected - margin.detach()
    level = chosen.mean() + rejected.mean()
    return cost(x).mean() + centre * level**2


def ranked_reward_loss(rewards, ranks):
    win = ranks[:, :, None] < ranks[:, None, :]
    each = win.sum((1, 2))
    losses = (cost(rewards[:, :, None] - rewards[:, None, :]) * win).sum((1, 2)) / each.clamp(min=1)
    return losses.sum() / (each > 0).sum().clamp(min=1)
