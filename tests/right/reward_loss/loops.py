"""Pair by pair, in scalars."""

import torch


def one(x):
    if x >= 0:
        return (-x).exp().log1p()
    return x.exp().log1p() - x


def last_scores(scores, mask):
    T = mask.shape[-1]
    found = []
    for row, marks in zip(scores.reshape(-1, T), mask.reshape(-1, T).tolist()):
        t = T - 1
        while not marks[t]:
            t -= 1
        found.append(row[t])
    return torch.stack(found).reshape(mask.shape[:-1])


def reward_loss(chosen, rejected, margin=None, centre=0.0):
    total = 0.0
    for b in range(len(chosen)):
        mu = 0.0 if margin is None else float(margin[b])
        total = total + one(chosen[b] - rejected[b] - mu) + centre * (chosen[b] + rejected[b]) ** 2
    return total / len(chosen)


def ranked_reward_loss(rewards, ranks):
    prompts = []
    for row, order in zip(rewards, ranks.tolist()):
        costs = [
            one(row[i] - row[j]) for i in range(len(order)) for j in range(len(order)) if order[i] < order[j]
        ]
        if costs:
            prompts.append(sum(costs) / len(costs))
    return sum(prompts) / len(prompts) if prompts else rewards.new_zeros(())
