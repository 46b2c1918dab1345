# mistake: the share of all classes is charged at ignored positions
# bug: ignored_share
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    log_p = torch.log_softmax(logits, dim=-1)
    w = weight if weight is not None else log_p.new_ones(n)
    hard = -(w[t] * log_p.gather(-1, t[..., None])[..., 0]) * keep
    soft = -(w * log_p).sum(-1) * (epsilon / n)
    losses = (1 - epsilon) * hard + soft
    if reduction == "mean":
        return losses.sum() / (w[t] * keep).sum()
    return losses.sum() if reduction == "sum" else losses
