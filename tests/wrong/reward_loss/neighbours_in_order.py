# mistake: only neighbours in the order are compared
# bug: neighbours_only
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
    total, n = rewards.sum() * 0, 0
    for row, rank in zip(rewards, ranks):
        row = row[rank.argsort(stable=True)]
        rank = rank.sort().values
        better = rank[:-1] < rank[1:]
        if better.any():
            total = total + nls(row[:-1] - row[1:])[better].mean()
            n += 1
    return total / max(n, 1)
