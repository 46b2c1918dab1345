# mistake: the probabilities are smoothed instead of the targets, and then their logarithm is taken
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    w = weight if weight is not None else logits.new_ones(n)
    p = (1 - epsilon) * torch.softmax(logits, dim=-1) + epsilon / n
    losses = torch.where(keep, -w[t] * p.gather(-1, t[..., None])[..., 0].log(), 0.0)
    if reduction == "mean":
        return losses.sum() / w[t][keep].sum()
    return losses.sum() if reduction == "sum" else losses
