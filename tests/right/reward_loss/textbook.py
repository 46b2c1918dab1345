import torch


def neg_log_sigmoid(x):
    """Two branches, each with exponentials of what is not positive."""
    up = torch.where(x >= 0, x, 0.0)
    down = torch.where(x >= 0, 0.0, x)
    return torch.where(x >= 0, torch.log1p(torch.exp(-up)), torch.log1p(torch.exp(down)) - down)


def last_scores(scores, mask):
    T = mask.shape[-1]
    last = T - 1 - mask.flip(-1).long().argmax(-1)
    return torch.gather(scores, -1, last[..., None])[..., 0]


def reward_loss(chosen, rejected, margin=None, centre=0.0):
    mu = torch.zeros_like(chosen) if margin is None else margin.detach()
    bt = neg_log_sigmoid(chosen - rejected - mu).mean()
    return bt + centre * ((chosen + rejected) ** 2).mean()


def ranked_reward_loss(rewards, ranks):
    P, K = rewards.shape
    i, j = torch.triu_indices(K, K, 1, device=rewards.device)
    sign = torch.sign(ranks[:, j] - ranks[:, i])
    valid = sign != 0
    loss = neg_log_sigmoid((rewards[:, i] - rewards[:, j]) * sign) * valid
    n = valid.sum(1)
    per_prompt = loss.sum(1) / torch.clamp(n, min=1)
    return per_prompt.sum() / torch.clamp((n > 0).sum(), min=1)
