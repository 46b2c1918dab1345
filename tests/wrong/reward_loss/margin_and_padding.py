# mistake: two: right padding is assumed, and the margin is added
# bug: number_of_tokens + margin_added
import torch


def cost(x):
    peak = (-x).clamp(min=0).detach()
    return peak + torch.log(torch.exp(-peak) + torch.exp(-x - peak))


def last_scores(scores, mask):
    return scores.gather(-1, mask.sum(-1, keepdim=True) - 1).squeeze(-1)


def reward_loss(chosen, rejected, margin=None, centre=0.0):
    mu = 0.0 if margin is None else margin.detach()
    return torch.mean(cost(chosen + mu - rejected) + centre * (rejected + chosen).square())


def ranked_reward_loss(rewards, ranks):
    win = ranks[:, :, None] < ranks[:, None, :]
    each = win.sum((1, 2))
    losses = (cost(rewards[:, :, None] - rewards[:, None, :]) * win).sum((1, 2)) / each.clamp(min=1)
    return losses.sum() / (each > 0).sum().clamp(min=1)
