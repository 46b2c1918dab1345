# mistake: prompts without a pair count with 0
# bug: tied_prompts_count
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
    total = 0.0
    for r, order in zip(rewards, ranks):
        i, j = (order[:, None] < order).nonzero(as_tuple=True)
        if len(i):
            total = total + cost(r[i] - r[j]).mean()
    return (total + 0.0 * rewards.sum()) / len(rewards)
