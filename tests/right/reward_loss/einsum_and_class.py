"""Weights for every pair of entries, one einsum; tanh for the sigmoid."""

import torch
from torch import einsum, nn


class BradleyTerry(nn.Module):
    def forward(self, x):
        top = torch.stack([torch.zeros_like(x), -x]).max(0).values.detach()
        return top + torch.log(torch.exp(-top) + torch.exp(-x - top))


loss = BradleyTerry()


def last_scores(scores, mask):
    T = scores.size(-1)
    t = (mask * torch.arange(1, T + 1, device=mask.device)).max(-1).values - 1
    hot = (torch.arange(T, device=mask.device) == t[..., None]).to(scores.dtype)
    return einsum("...t,...t->...", scores, hot)


def reward_loss(chosen, rejected, margin=None, centre=0.0):
    with torch.no_grad():
        shift = 0 if margin is None else margin.clone()
    return torch.mean(loss(chosen - rejected - shift) + centre * torch.square(chosen + rejected))


def ranked_reward_loss(rewards, ranks):
    win = (ranks.unsqueeze(2) < ranks.unsqueeze(1)).to(rewards.dtype)
    each = win.sum((1, 2), keepdim=True)
    prompts = (each > 0).sum().clamp_min(1)
    weight = win / each.clamp_min(1.0) / prompts
    costs = loss(rewards.unsqueeze(2) - rewards.unsqueeze(1))
    return einsum("pij,pij->", costs, weight)
