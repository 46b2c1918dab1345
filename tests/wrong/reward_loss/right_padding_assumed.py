# mistake: all padding is taken to stand right
# bug: number_of_tokens
import torch


def cost(x):
    peak = (-x).clamp(min=0).detach()
    return peak + torch.log(torch.exp(-peak) + torch.exp(-x - peak))


def last_scores(scores, mask):
    lengths = mask.long().sum(dim=-1)
    return scores.take_along_dim((lengths - 1).unsqueeze(-1), dim=-1).squeeze(-1)


def reward_loss(chosen, rejected, margin=None, centre=0.0):
    x = chosen - rejected
    if margin is not None:
        x = x - margin.detach()
    return (cost(x) + centre * (chosen + rejected) ** 2).mean()


def ranked_reward_loss(rewards, ranks):
    win = ranks[:, :, None] < ranks[:, None, :]
    each = win.sum((1, 2))
    losses = (cost(rewards[:, :, None] - rewards[:, None, :]) * win).sum((1, 2)) / each.clamp(min=1)
    return losses.sum() / (each > 0).sum().clamp(min=1)
