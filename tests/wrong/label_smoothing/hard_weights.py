# mistake: the loss of a position is multiplied by the weight of its true class
# bug: weight_of_the_position
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    log_p = torch.log_softmax(logits, dim=-1)
    w = (weight if weight is not None else log_p.new_ones(n))[t] * keep
    losses = (1 - epsilon) * -log_p.gather(-1, t[..., None])[..., 0] - epsilon * log_p.mean(-1)
    losses = losses * w
    if reduction == "mean":
        return losses.sum() / w.sum()
    return losses.sum() if reduction == "sum" else losses
