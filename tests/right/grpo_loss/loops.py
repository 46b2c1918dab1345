"""Token by token."""

import torch


def completion_mask(tokens, end):
    out = torch.zeros(tokens.shape, dtype=torch.bool, device=tokens.device)
    for b, row in enumerate(tokens.tolist()):
        for t, token in enumerate(row):
            out[b, t] = True
            if token == end:
                break
    return out


def group_advantages(rewards, normalise=True):
    out = torch.zeros_like(rewards.detach())
    for p, group in enumerate(rewards.detach().tolist()):
        if len(set(group)) == 1:
            continue
        mean = sum(group) / len(group)
        std = (sum((r - mean) ** 2 for r in group) / len(group)) ** 0.5
        for i, r in enumerate(group):
            out[p, i] = (r - mean) / (std if normalise else 1.0)
    return out


def grpo_loss(
    log_probs,
    old_log_probs,
    ref_log_probs,
    advantages,
    mask,
    clip_low=0.2,
    clip_high=0.2,
    beta=0.04,
    average="answer",
):
    answers = []
    for b, row in enumerate(mask.tolist()):
        A, terms = advantages[b].item(), []
        for t, here in enumerate(row):
            if not here:
                continue
            ratio = (log_probs[b, t] - old_log_probs[b, t].detach()).exp()
            outside = (A > 0 and ratio > 1 + clip_high) or (A < 0 and ratio < 1 - clip_low)
            if outside:
                gain = A * (1 + clip_high if A > 0 else 1 - clip_low)
            else:
                gain = A * ratio
            d = ref_log_probs[b, t].detach() - log_probs[b, t]
            terms.append(beta * (d.exp() - 1 - d) - gain)
        if terms:
            answers.append(terms)
    if average == "token":
        flat = [term for terms in answers for term in terms]
        return sum(flat) / len(flat)
    return sum(sum(terms) / len(terms) for terms in answers) / len(answers)
