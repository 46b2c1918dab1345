# mistake: two: λ weights the square of the mean, and all pairs are averaged together
# bug: centre_of_means + mean_over_all_pairs
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
    return cost(x).mean() + centre * (chosen + rejected).mean() ** 2


def ranked_reward_loss(rewards, ranks):
    win = ranks[:, :, None] < ranks[:, None, :]
    losses = cost(rewards[:, :, None] - rewards[:, None, :])[win]
    return losses.sum() / max(len(losses), 1)
