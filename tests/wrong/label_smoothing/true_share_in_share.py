# mistake: C + 1 takes the place of C in the share
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    w = weight if weight is not None else logits.new_ones(n)
    cost = -torch.log_softmax(logits, dim=-1) * w
    losses = (1 - epsilon) * cost.gather(-1, t[..., None])[..., 0] + epsilon / (n + 1) * cost.sum(-1)
    losses = torch.where(keep, losses, 0.0)
    if reduction == "mean":
        return losses.sum() / w[t][keep].sum()
    return losses.sum() if reduction == "sum" else losses
