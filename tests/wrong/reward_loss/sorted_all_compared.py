# mistake: sorted by rank and all pairs compared: ties count
# bug: ties_cost
import torch


def last_scores(scores, mask):
    T = scores.shape[-1]
    index = torch.arange(T, device=scores.device)
    last = (mask * index).amax(-1, keepdim=True)
    return scores.gather(-1, last).squeeze(-1)


def nls(x):
    small = torch.exp(-torch.where(x >= 0, x, -x))
    return torch.where(x >= 0, torch.zeros_like(x), -x) + torch.log1p(small)


def reward_loss(chosen, rejected, margin=None, centre=0.0):
    gap = chosen - rejected
    if margin is not None:
        gap = gap - margin.detach()
    return nls(gap).mean() + centre * ((chosen + rejected) ** 2).mean()


def ranked_reward_loss(rewards, ranks):
    K = rewards.shape[1]
    order = ranks.argsort(dim=1)
    rewards = rewards.gather(1, order)
    i, j = torch.triu_indices(K, K, 1)
    if len(i) == 0:
        return rewards.sum() * 0
    return nls(rewards[:, i] - rewards[:, j]).mean()
