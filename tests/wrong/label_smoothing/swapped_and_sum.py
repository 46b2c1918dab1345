# mistake: two: epsilon and 1 − epsilon are exchanged, and the default reduction is the sum
# bug: shares_exchanged + default_reduction
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="sum"):
    n = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    w = weight if weight is not None else logits.new_ones(n)
    cost = -torch.log_softmax(logits, dim=-1) * w
    losses = torch.where(
        keep, epsilon * cost.gather(-1, t[..., None])[..., 0] + (1 - epsilon) * cost.mean(-1), 0.0
    )
    if reduction == "mean":
        return losses.sum() / w[t][keep].sum()
    return losses.sum() if reduction == "sum" else losses
