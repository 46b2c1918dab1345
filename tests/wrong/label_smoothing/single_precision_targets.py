# mistake: the smoothed targets are float32, and 0.1 is rounded there
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    q = torch.nn.functional.one_hot(t, n).float() * (1 - epsilon) + epsilon / n
    w = weight if weight is not None else logits.new_ones(n)
    losses = -(q.to(logits.dtype) * w * torch.log_softmax(logits, dim=-1)).sum(-1) * keep
    if reduction == "mean":
        return losses.sum() / w[t][keep].sum()
    return losses.sum() if reduction == "sum" else losses
