# mistake: the pairs of all prompts are averaged together
# bug: mean_over_all_pairs
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
    p, i, j = (ranks[:, :, None] < ranks[:, None, :]).nonzero(as_tuple=True)
    if len(p) == 0:
        return rewards.sum() * 0
    return cost(rewards[p, i] - rewards[p, j]).mean()
