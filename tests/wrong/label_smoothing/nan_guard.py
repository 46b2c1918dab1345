# mistake: the divisor is at least 1, which is wrong for small weights
# bug: divisor_floored
import torch


def smoothed_cross_entropy(logits, target, epsilon=0.1, weight=None, ignore_index=-100, reduction="mean"):
    n = logits.shape[-1]
    keep = target != ignore_index
    t = torch.where(keep, target, 0)
    w = weight if weight is not None else logits.new_ones(n)
    cost = -torch.log_softmax(logits, dim=-1) * w
    losses = torch.where(
        keep, (1 - epsilon) * cost.gather(-1, t[..., None])[..., 0] + epsilon * cost.mean(-1), 0.0
    )
    if reduction == "mean":
        return losses.sum() / w[t][keep].sum().clamp(min=1.0)
    return losses.sum() if reduction == "sum" else losses
