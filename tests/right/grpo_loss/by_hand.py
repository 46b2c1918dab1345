"""An autograd function: the gradient of each token written down."""

import torch


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx, log_prob, old, ref, A, low, high, beta):
        ratio = (log_prob - old).exp()
        d = ref - log_prob
        active = ~(((A > 0) & (ratio > 1 + high)) | ((A < 0) & (ratio < 1 - low)))
        ctx.save_for_backward(ratio, d, A, active)
        ctx.beta = beta
        held = ratio.clamp(1 - low, 1 + high)
        return beta * (d.exp() - 1 - d) - torch.where(active, ratio, held) * A

    @staticmethod
    def backward(ctx, upstream):
        ratio, d, A, active = ctx.saved_tensors
        slope = ctx.beta * (1 - d.exp()) - torch.where(active, ratio * A, torch.zeros_like(A))
        return upstream * slope, None, None, None, None, None, None


def completion_mask(tokens, end):
    return (tokens == end).long().cumsum(1).roll(1, 1).index_fill(
        1, torch.tensor([0], device=tokens.device), 0
    ) == 0


@torch.no_grad()
def group_advantages(rewards, normalise=True):
    var, mean = torch.var_mean(rewards, dim=1, correction=0, keepdim=True)
    same = rewards.eq(rewards[:, [0]]).all(1, keepdim=True)
    out = rewards - mean
    if normalise:
        out = out / torch.where(same, torch.ones_like(var), var).sqrt()
    return out * ~same


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
    rows = [row for row in range(len(mask)) if mask[row].any()]
    parts = []
    for b in rows:
        m = mask[b]
        lp, old, ref = log_probs[b][m], old_log_probs[b][m].detach(), ref_log_probs[b][m].detach()
        parts.append(
            _Loss.apply(lp, old, ref, advantages[b].detach().expand_as(lp), clip_low, clip_high, beta)
        )
    if average == "token":
        return torch.cat(parts).mean()
    return torch.stack([part.mean() for part in parts]).mean()
