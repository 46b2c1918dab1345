"""As in the textbook: build q, multiply, sum."""

import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    C = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, torch.zeros_like(target))
    q = torch.full_like(logits, epsilon / C, requires_grad=False)
    q = q + (1 - epsilon) * torch.nn.functional.one_hot(t, C).to(logits.dtype)
    w = torch.ones(C, dtype=logits.dtype, device=logits.device) if weight is None else weight
    loss = -(w * q * torch.log_softmax(logits, -1)).sum(-1) * keep
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.sum() / (w[t] * keep).sum()
