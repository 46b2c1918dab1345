"""An autograd function with the gradient σ(Δ) − 1."""

import torch


class Cost(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (-x).clamp(min=0) + torch.log1p(torch.exp(-x.abs()))

    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream * (torch.sigmoid(x) - 1)


def last_scores(scores, mask):
    later = mask.flip(-1).cumsum(-1).flip(-1)
    return torch.where(mask & (later == 1), scores, torch.zeros_like(scores)).sum(-1)


def reward_loss(chosen, rejected, margin=None, centre=0.0):
    x = chosen - rejected
    if margin is not None:
        x = x - margin.data
    total = Cost.apply(x).sum() + centre * (chosen + rejected).pow(2).sum()
    return total / x.numel()


def ranked_reward_loss(rewards, ranks):
    p, i, j = torch.nonzero(ranks[:, :, None] < ranks[:, None, :], as_tuple=True)
    costs = Cost.apply(rewards[p, i] - rewards[p, j])
    count = torch.bincount(p, minlength=len(rewards))
    weight = 1.0 / (count[p].to(rewards.dtype) * max(int((count > 0).sum()), 1))
    return (costs * weight).sum()
