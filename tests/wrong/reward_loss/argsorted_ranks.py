# mistake: ties are broken by sorting: neighbours in sorted order are pairs
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
    order = ranks.argsort(dim=1, stable=True)
    r = rewards.gather(1, order)
    K = ranks.shape[1]
    i, j = torch.triu_indices(K, K, 1, device=ranks.device)
    losses = cost(r[:, i] - r[:, j])
    real = (ranks.amin(1) != ranks.amax(1)).to(rewards.dtype)
    return (losses.sum(1) / max(len(i), 1) * real).sum() / real.sum().clamp(min=1)
