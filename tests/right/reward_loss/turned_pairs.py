"""Each pair of columns once, turned by the sign of the ranks; log σ with a gradient of its own."""

import torch


def last_scores(scores, mask):
    # The last True is where nothing but False follows.
    after = mask.long().flip(-1).cumsum(-1).flip(-1)
    final = mask & (after == 1)
    return torch.einsum("...t,...t->...", scores, final.to(scores.dtype))


class LogSigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(max=0) - (-x.abs()).exp().log1p()

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * torch.sigmoid(-x)


def reward_loss(chosen, rejected, margin=None, centre=0.0):
    mu = 0 if margin is None else margin.data
    fit = -LogSigmoid.apply(chosen - rejected - mu)
    return (fit + centre * (chosen + rejected).square()).mean()


def ranked_reward_loss(rewards, ranks):
    # Every pair of columns once, turned so that the better one is first.
    P, K = rewards.shape
    i, j = torch.triu_indices(K, K, 1, device=rewards.device)
    turn = (ranks[:, j] - ranks[:, i]).sign()
    cost = -LogSigmoid.apply(turn * (rewards[:, i] - rewards[:, j])) * turn.abs()
    n = turn.abs().sum(1)
    weight = torch.where(n > 0, 1 / n.clamp(min=1).to(rewards.dtype), 0)
    return (cost.sum(1) * weight).sum() / max(int((n > 0).sum()), 1)
