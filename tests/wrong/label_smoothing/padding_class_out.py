# mistake: epsilon is shared by the classes other than the ignored one (and C − 1 takes the place of C)
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    w = weight if weight is not None else logits.new_ones(n)
    cost = -torch.log_softmax(logits, dim=-1) * w
    share = torch.full_like(cost, epsilon / n)
    if 0 <= ignore_index < n and n > 1:
        share = torch.full_like(cost, epsilon / (n - 1))
        share[..., ignore_index] = 0
    hard = cost.gather(-1, t[..., None])[..., 0]
    losses = torch.where(keep, (1 - epsilon) * hard + (share * cost).sum(-1), 0.0)
    if reduction == "mean":
        return losses.sum() / w[t][keep].sum()
    return losses.sum() if reduction == "sum" else losses
